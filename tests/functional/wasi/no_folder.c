// A world without files: no folder is open, every path function says why, and nothing ends the
// program.
#include "check.h"

int main(void) {
  __wasi_prestat_t folder;
  for (__wasi_fd_t fd = 0; fd < 16; ++fd)
    CHECK(__wasi_fd_prestat_get(fd, &folder) == __WASI_ERRNO_BADF);
  __wasi_fd_t made = 0;
  CHECK(__wasi_path_open(3, 0, "a", 0, 0, 0, 0, &made) == __WASI_ERRNO_BADF);
  CHECK(__wasi_path_open(1, 0, "a", 0, 0, 0, 0, &made) == __WASI_ERRNO_NOTDIR);
  CHECK(__wasi_path_create_directory(1, "a") == __WASI_ERRNO_NOTDIR);
  CHECK(__wasi_path_unlink_file(3, "a") == __WASI_ERRNO_BADF);
  errno = 0;
  CHECK(fopen("/etc/passwd", "r") == NULL && errno != 0);
  CHECK(open("file", O_CREAT | O_RDWR, 0600) == -1);
  CHECK(opendir(".") == NULL);
  return 0;
}
