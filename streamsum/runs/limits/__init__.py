"""What a key may have: requests a minute, summaries at once, tokens a day. In memory, or on Redis for all replicas."""
