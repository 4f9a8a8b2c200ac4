#pragma once

namespace fog {

// From now on neither this process nor those that it starts leave a memory image when they crash:
// theirs hold keys, passphrases and secrets. At the start of a program, before any thread.
void forbid_core_dumps();

}  // namespace fog
