#!/usr/bin/env bash
# A seed is a run: two processes that run the same seeds do the same, event by event; another seed
# does something else. Usage: same_seed_test.sh path/to/sim
set -euo pipefail
sim=$1
one=$("$sim" --seeds 6 --from 11 --list | grep '^seed')
two=$("$sim" --seeds 6 --from 11 --list | grep '^seed')
[ -n "$one" ] || { echo "no traces"; exit 1; }
[ "$one" = "$two" ] || { printf 'the runs differ:\n%s\n--\n%s\n' "$one" "$two"; exit 1; }
[ "$(sed 's/.*trace //' <<<"$one" | sort -u | wc -l)" = 6 ] || { echo "seeds share a trace: $one"; exit 1; }
