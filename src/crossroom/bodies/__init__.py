"""What SIP and MSRP carry: SDP, CPIM, conference-info, isComposing. Pure."""
