#include "chain/base/core_dump.h"

#include <sys/resource.h>

#include "chain/base/check.h"

namespace fog {

void forbid_core_dumps() {
  const rlimit none = {0, 0};
  CHECK(::setrlimit(RLIMIT_CORE, &none) == 0);  // lowering is always permitted
}

}  // namespace fog
