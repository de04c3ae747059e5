-- idempotency digest, fingerprint
return joins(ARGV[1], ARGV[2])
