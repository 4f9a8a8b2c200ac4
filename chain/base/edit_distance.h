// How far a word is from another, for "did you mean".
#pragma once

#include <cstddef>
#include <string_view>

namespace fog {

// How many letters must be added, taken away, changed or swapped with their neighbour (optimal
// string alignment). Time and memory grow with the product and the sum of the lengths.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace fog
