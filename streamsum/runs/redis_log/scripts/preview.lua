-- id, data: shown to whoever listens now, and kept nowhere
tell(ARGV[1], 'P ' .. ARGV[1] .. '\n' .. ARGV[2])
