from crossroom.focus.limits import Allowance, Bucket, Buckets, Founders


def test_burst_is_spent_at_once_and_comes_back_with_time() -> None:
    bucket = Bucket(Allowance(burst=2, per_second=0.5), now=0.0)
    assert [bucket.take(0.0), bucket.take(0.0), bucket.take(0.0)] == [True, True, False]
    assert [bucket.take(1.0), bucket.take(2.0), bucket.take(2.0)] == [False, True, False]
    assert not bucket.is_full(5.0)
    assert bucket.is_full(6.0)


def test_clock_that_is_set_back_gives_nothing() -> None:
    bucket = Bucket(Allowance(burst=1, per_second=1.0), now=100.0)
    assert bucket.take(100.0)
    assert not bucket.take(50.0)
    assert bucket.take(51.0)


def test_each_key_has_a_bucket_of_its_own() -> None:
    buckets = Buckets(Allowance(burst=1, per_second=1.0))
    assert [buckets.take("a", 0.0), buckets.take("a", 0.0), buckets.take("b", 0.0)] == [True, False, True]


def test_buckets_that_are_full_again_are_forgotten() -> None:
    buckets = Buckets(Allowance(burst=1, per_second=1.0))
    for number in range(1000):
        assert buckets.take(number, float(number))
    assert len(buckets) < 100


def test_buckets_in_use_are_never_forgotten() -> None:
    buckets = Buckets(Allowance(burst=1, per_second=0.0))
    assert all(buckets.take(number, 0.0) for number in range(200))
    assert not any(buckets.take(number, 1e9) for number in range(200))


def test_rooms_are_counted_for_who_began_them_until_they_are_forgotten() -> None:
    founders = Founders()
    for room, person in (("tea", "ana"), ("coffee", "ana"), ("milk", "bob")):
        founders.note(room, person)
    assert [founders.rooms_of(person) for person in ("ana", "bob", "cy")] == [2, 1, 0]
    for room in ("tea", "tea", "milk", "never there"):
        founders.forget(room)
    assert [founders.rooms_of(person) for person in ("ana", "bob")] == [1, 0]
    assert len(founders) == 1
