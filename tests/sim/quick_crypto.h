// Signatures that cost a hash, in place of the curve's, for the simulator alone. A signature is a
// hash of the public key and the digest. Nobody in a simulation forges, and liars only garble, so
// what verifies and what does not is the same.
//
// The linker sends calls of the real functions here (--wrap, see CMakeLists.txt); production code
// knows nothing of it. Hashes for unordered maps start the same in each process, so that a seed
// repeats its run.
#pragma once

namespace fog::sim {

// From now on in this process.
void use_real_signatures();

}  // namespace fog::sim
