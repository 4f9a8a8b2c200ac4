#!/usr/bin/env bash
# Checks that every C++ file is formatted as .clang-format says. --fix formats them.
set -euo pipefail
cd "$(dirname "$0")/../.."
mode=(--dry-run --Werror)
[ "${1:-}" = --fix ] && mode=(-i)
find chain consensus wallet market executor rpc tests contrib/examples \( -name '*.h' -o -name '*.cc' -o -name '*.c' \) -not -path '*/target/*' -print0 |
  xargs -0 -n 40 -P 2 clang-format-14 "${mode[@]}"
