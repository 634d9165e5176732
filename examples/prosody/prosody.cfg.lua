-- Prosody 0.12 or later: an XMPP server for the users of one domain, with Crossroom's rooms as a component.
--
--   XMPP users ──▶ Prosody ──▶ Crossroom        stanzas to the room domain
--   other servers ──▶ Prosody ──▶ Crossroom     the same, when the room domain has an SRV record for this server
--
-- In crossroom.toml:   [[xmpp.component]]
--                      connect = "tcp://127.0.0.1:5347"
--                      domain = "conference.example.com"
--                      secret_file = "/etc/crossroom/component.secret"
--
-- Check:  prosodyctl --config prosody.cfg.lua check config
-- Add a user:  prosodyctl --config prosody.cfg.lua adduser bob@xmpp.example.com

-------------------------------------------------------------------------- what you change, and nothing else

local user_domain = "xmpp.example.com"              -- the domain of your XMPP users
local room_domain = "conference.example.com"        -- the domain of the rooms: `[[domains]] name` in crossroom.toml
local own_muc_domain = "rooms.xmpp.example.com"     -- rooms of Prosody itself; Crossroom reaches them as "remote-muc"
local shared_secret = "change-me-to-something-long"     -- the content of component.secret
local listen_address = "127.0.0.1"                  -- "*" to be reached from elsewhere
local component_port = 5347                         -- Crossroom connects here
local client_port = 5222                            -- users connect here
local server_port = 5269                            -- other servers connect here
local data_folder = "/var/lib/prosody"              -- accounts and rosters
local certificate_folder = "certs"                  -- <domain>.crt and <domain>.key; prosodyctl cert import fills it
local demand_encryption = true                      -- false only for a test on loopback
local allow_root = false                            -- true only in a container or a test

---------------------------------------------------------------------------------------------- the whole server

run_as_root = allow_root
data_path = data_folder
certificates = certificate_folder
interfaces = { listen_address }
c2s_ports = { client_port }
s2s_ports = { server_port }
component_interfaces = { "127.0.0.1" }              -- a component link has no encryption: keep it on this machine
component_ports = { component_port }

modules_enabled = {
    "roster", "saslauth", "tls", "dialback", "disco",   -- what every server does
    "carbons", "pep", "private", "blocklist", "vcard4", -- what clients expect
    "ping", "time", "version", "uptime",                -- small questions, answered
    "smacks", "csi_simple",                             -- mobile clients keep their stream over a lost connection
    "posix",                                            -- signals and logs
}

authentication = "internal_hashed"                  -- SCRAM; passwords are never stored in clear
allow_registration = false                          -- accounts come from prosodyctl
c2s_require_encryption = demand_encryption
s2s_require_encryption = demand_encryption
s2s_secure_auth = demand_encryption                 -- other servers need a valid certificate
allow_unencrypted_plain_auth = not demand_encryption

limits = {
    c2s = { rate = "100kb/s" },                     -- per client
    s2s = { rate = "300kb/s" },                     -- per server; components are not limited here
}

log = { info = "*console" }                         -- the journal keeps it; "debug" shows every stanza

------------------------------------------------------------------------------------------------------ the users

VirtualHost(user_domain)
    disco_items = {                                 -- what clients find when they look for rooms
        { room_domain, "Rooms shared with SIP users" },
        { own_muc_domain, "Rooms of this server" },
    }

------------------------------------------------------------------------------------------------------ the rooms

Component(room_domain)                              -- XEP-0114: Crossroom connects and answers for this domain
    component_secret = shared_secret
    disallow_s2s = false                            -- people of other servers may come in

Component(own_muc_domain) "muc"                    -- independent of Crossroom
    name = "Rooms of this server"
    restrict_room_creation = false
