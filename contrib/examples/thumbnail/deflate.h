// deflate: compresses bytes into a zlib stream (RFC 1950, RFC 1951): greedy matches found through a
// hash of three bytes, and a Huffman code of its own for each block.

#pragma once

#include "contrib/examples/thumbnail/bytes.h"

// Appends the whole stream for `data` to `out`. Sets out->failed if memory runs out.
void deflate_zlib(const uint8_t* data, size_t size, Bytes* out);
