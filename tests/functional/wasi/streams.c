// The three streams: types, what each can do, what none can; and that closed and moved ones are
// gone.
#include "check.h"

static const __wasi_fd_t kClosed = 3;

int main(void) {
  for (__wasi_fd_t fd = 0; fd < 3; ++fd) {
    __wasi_fdstat_t stat;
    CHECK(__wasi_fd_fdstat_get(fd, &stat) == 0);
    CHECK(stat.fs_filetype != __WASI_FILETYPE_DIRECTORY);
    CHECK(stat.fs_filetype != __WASI_FILETYPE_REGULAR_FILE);
    const __wasi_rights_t one = fd == 0 ? __WASI_RIGHTS_FD_READ : __WASI_RIGHTS_FD_WRITE;
    CHECK(stat.fs_rights_base & one);
    CHECK(!(stat.fs_rights_base & (__WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL)));
    __wasi_filestat_t file;
    CHECK(__wasi_fd_filestat_get(fd, &file) == 0 && file.size == 0);
    __wasi_filesize_t at = 0;
    CHECK(__wasi_fd_seek(fd, 0, __WASI_WHENCE_CUR, &at) == __WASI_ERRNO_SPIPE);
    CHECK(__wasi_fd_tell(fd, &at) == __WASI_ERRNO_SPIPE);
    CHECK(!isatty((int)fd));
  }
  char byte = 'x';
  const __wasi_ciovec_t out = {(const uint8_t*)&byte, 1};
  const __wasi_iovec_t in = {(uint8_t*)&byte, 1};
  size_t moved = 9;
  CHECK(__wasi_fd_read(0, &in, 1, &moved) == 0 && moved == 0);
  CHECK(__wasi_fd_read(1, &in, 1, &moved) == __WASI_ERRNO_BADF);
  CHECK(__wasi_fd_write(0, &out, 1, &moved) == __WASI_ERRNO_BADF);
  CHECK(__wasi_fd_pread(0, &in, 1, 0, &moved) == __WASI_ERRNO_SPIPE);
  CHECK(__wasi_fd_pwrite(1, &out, 1, 0, &moved) == __WASI_ERRNO_SPIPE);
  CHECK(__wasi_fd_write(1, &out, 0, &moved) == 0 && moved == 0);
  CHECK(__wasi_fd_write(kClosed, &out, 1, &moved) == __WASI_ERRNO_BADF);
  CHECK(__wasi_fd_close(kClosed) == __WASI_ERRNO_BADF);
  CHECK(__wasi_fd_renumber(1, kClosed) == __WASI_ERRNO_BADF);
  CHECK(__wasi_sock_shutdown(kClosed, __WASI_SDFLAGS_RD) == __WASI_ERRNO_BADF);
  CHECK(__wasi_sock_shutdown(1, __WASI_SDFLAGS_RD) == __WASI_ERRNO_NOTSOCK);
  CHECK(__wasi_sched_yield() == 0);
  const char words[] = "to", more[] = " both\n";
  const __wasi_ciovec_t parts[] = {
      {(const uint8_t*)words, 2}, {NULL, 0}, {(const uint8_t*)more, 6}};
  CHECK(__wasi_fd_write(1, parts, 3, &moved) == 0 && moved == 8);
  CHECK(__wasi_fd_write(2, parts, 3, &moved) == 0 && moved == 8);
  CHECK(__wasi_fd_renumber(2, 0) == 0);
  CHECK(__wasi_fd_write(2, parts, 1, &moved) == __WASI_ERRNO_BADF);
  CHECK(__wasi_fd_write(0, parts, 1, &moved) == 0 && moved == 2);
  CHECK(__wasi_fd_close(0) == 0 && __wasi_fd_close(0) == __WASI_ERRNO_BADF);
  return 0;
}
