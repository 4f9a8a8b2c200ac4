// What the container tests put into an image: an HTTP server that does what the path says, good and
// evil. One process a connection.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char request[2 << 20];
static int client;

static void put(const void* bytes, size_t size) {
  const char* at = bytes;
  while (size > 0) {
    const ssize_t done = write(client, at, size);
    if (done <= 0) _exit(1);
    at += done;
    size -= (size_t)done;
  }
}

static void answer(const char* status, const char* type, const char* body, size_t size) {
  char head[512];
  put(head,
      (size_t)snprintf(
          head, sizeof head,
          "HTTP/1.1 %s\r\nContent-Type: %s\r\nX-From: container\r\nContent-Length: %zu\r\n\r\n",
          status, type, size));
  put(body, size);
}

static void answer_text(const char* text) {
  answer("200 OK", "text/plain", text, strlen(text));
}

// "name: ok" or what errno says, a line each: what should all fail.
static void escape(void) {
  char out[8192] = "";
  size_t used = 0;
#define TRY(name, call)                                                     \
  used += (size_t)snprintf(out + used, sizeof out - used, "%s: %s\n", name, \
                           (call) >= 0 ? "ok" : strerrorname_np(errno))
  // Only the connection is open, and the door's number is free again.
  TRY("another-socket", fcntl(client == 3 ? 4 : 3, F_GETFD));
  TRY("write-root", open("/made-here", O_CREAT | O_WRONLY, 0600));
  TRY("mount", mount("none", "/tmp", "tmpfs", 0, ""));
  TRY("unshare-user", unshare(CLONE_NEWUSER));
  TRY("unshare-net", unshare(CLONE_NEWNET));
  TRY("ptrace", (int)ptrace(PTRACE_ATTACH, 1, 0, 0));
  TRY("setns", setns(0, CLONE_NEWNET));
  TRY("keyctl", (int)syscall(SYS_keyctl, 0, -3, 0));
  TRY("bpf", (int)syscall(SYS_bpf, 0, 0, 0));
  TRY("io_uring", (int)syscall(SYS_io_uring_setup, 1, 0));
  TRY("clone3", (int)syscall(SYS_clone3, 0, 0));
  TRY("clone-user", (int)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
  TRY("vsock", socket(40, SOCK_STREAM, 0));
  TRY("raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
  TRY("sysfs", open("/sys/class", O_RDONLY));
  TRY("core-pattern", open("/proc/sys/kernel/core_pattern", O_WRONLY));
  TRY("sysrq", open("/proc/sysrq-trigger", O_WRONLY));
  TRY("mknod", mknod("/tmp/disk", 0600 | S_IFBLK, 0x801));
  TRY("device-of-image", open("/srv/device", O_RDONLY));
  TRY("chown", chown("/tmp", 12, 12));
  TRY("setuid", setuid(1));
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(80)};
  const char* places[] = {"169.254.169.254", "8.8.8.8", "10.0.0.1"};
  for (int i = 0; i < 3; ++i) {
    inet_pton(AF_INET, places[i], &to.sin_addr);
    TRY(places[i], connect(socket(AF_INET, SOCK_STREAM, 0), (void*)&to, sizeof to));
  }
  answer_text(out);
}

static void list(const char* folder) {
  char out[65536] = "";
  size_t used = 0;
  DIR* dir = opendir(folder);
  for (struct dirent* entry; dir && (entry = readdir(dir)) && used < sizeof out - 300;)
    used += (size_t)snprintf(out + used, sizeof out - used, "%s\n", entry->d_name);
  answer_text(out);
}

static void flood(void) {
  for (size_t step = 1 << 20;;) {
    char* more = malloc(step);
    if (more == NULL) break;
    memset(more, 1, step);
  }
  answer_text("no more\n");
}

static void bomb(void) {
  int children = 0;
  while (children < 100000) {
    const pid_t pid = fork();
    if (pid < 0) break;
    if (pid == 0) {
      pause();
      _exit(0);
    }
    ++children;
  }
  char text[64];
  snprintf(text, sizeof text, "%d\n", children);
  answer_text(text);
  kill(0, SIGKILL);
}

// Until the file system is full.
static void fill(const char* path) {
  const int file = open(path, O_CREAT | O_WRONLY, 0600);
  long written = 0;
  for (ssize_t got; (got = write(file, request, sizeof request)) > 0;) written += got;
  char text[64];
  snprintf(text, sizeof text, "%ld %s\n", written, strerrorname_np(errno));
  unlink(path);
  answer_text(text);
}

static void write_file(const char* path, const char* bytes, size_t size) {
  const int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
  answer_text(file >= 0 && write(file, bytes, size) == (ssize_t)size ? "ok"
                                                                     : strerrorname_np(errno));
}

static void read_file(const char* path) {
  static char bytes[65536];
  const int file = open(path, O_RDONLY);
  const ssize_t got = file < 0 ? -1 : read(file, bytes, sizeof bytes);
  if (got < 0) return answer_text(strerrorname_np(errno));
  answer("200 OK", "text/plain", bytes, (size_t)got);
}

// ---- answers that go on ----

// Events; the second once /tmp/go is there.
static void events(void) {
  const char* head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n";
  put(head, strlen(head));
  while (access("/tmp/go", F_OK) != 0) usleep(10000);
  put("data: two\n\n", 11);
}

// One event, and then none until the connection ends, which /tmp/heard then says.
static void events_then_none(void) {
  const char* head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n";
  put(head, strlen(head));
  while (read(client, request, sizeof request) > 0) continue;
  close(open("/tmp/heard", O_CREAT | O_WRONLY, 0600));
}

// Events until nobody takes them, which /tmp/left then says.
static void events_for_ever(void) {
  signal(SIGPIPE, SIG_IGN);
  const char* head = "HTTP/1.1 200 OK\r\nX-Accel-Buffering: no\r\n\r\n";
  put(head, strlen(head));
  while (send(client, "data: on\n\n", 10, 0) == 10) usleep(10000);
  close(open("/tmp/left", O_CREAT | O_WRONLY, 0600));
}

static uint32_t turned(uint32_t x, int bits) {
  return x << bits | x >> (32 - bits);
}

// SHA-1 (RFC 3174) of less than 120 bytes.
static void sha1(const char* text, unsigned char out[20]) {
  const size_t size = strlen(text);
  unsigned char data[128] = {0};
  memcpy(data, text, size);
  data[size] = 0x80;
  const size_t blocks = (size + 9 + 63) / 64;
  for (int i = 0; i < 4; ++i)
    data[blocks * 64 - 1 - (size_t)i] = (unsigned char)(size * 8 >> 8 * i);
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (size_t block = 0; block < blocks; ++block) {
    uint32_t w[80];
    for (int i = 0; i < 16; ++i) {
      const unsigned char* at = data + block * 64 + i * 4;
      w[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }
    for (int i = 16; i < 80; ++i) w[i] = turned(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int i = 0; i < 80; ++i) {
      const uint32_t f = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                         : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                         : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                  : (b ^ c ^ d) + 0xca62c1d6;
      const uint32_t next = turned(a, 5) + f + e + w[i];
      e = d, d = c, c = turned(b, 30), b = a, a = next;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
  }
  for (int i = 0; i < 20; ++i) out[i] = (unsigned char)(h[i / 4] >> (24 - 8 * (i % 4)));
}

// RFC 6455, 4.2.2.
static void accept_key(const char* key, char out[29]) {
  static const char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char text[100];
  unsigned char hash[21] = {0};
  snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
  sha1(text, hash);
  for (int i = 0; i < 28; ++i) {
    const int at = i * 6 / 8, shift = i * 6 % 8;
    const unsigned bits = (unsigned)hash[at] << 8 | (at < 20 ? hash[at + 1] : 0);
    out[i] = kDigits[bits >> (10 - shift) & 63];
  }
  out[27] = '=', out[28] = 0;
}

static int take(unsigned char* out, size_t size) {
  for (size_t at = 0; at < size;) {
    const ssize_t got = read(client, out + at, size - at);
    if (got <= 0) return 0;
    at += (size_t)got;
  }
  return 1;
}

// Gives every message back, its end too; `ends`: the sixth one ends it without a word.
static void web_socket(const char* key, int ends) {
  char accepted[29], head[256];
  accept_key(key, accepted);
  put(head,
      (size_t)snprintf(head, sizeof head,
                       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
                       "Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                       accepted));
  static unsigned char message[1 << 20];
  for (int count = 1;; ++count) {
    unsigned char two[2], mask[4], more[8];
    if (!take(two, 2)) break;
    uint64_t size = two[1] & 127;
    const int wide = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (!take(more, (size_t)wide)) break;
    if (wide > 0) size = 0;
    for (int i = 0; i < wide; ++i) size = size << 8 | more[i];
    if (size > sizeof message || !take(mask, 4) || !take(message, size)) break;
    for (uint64_t i = 0; i < size; ++i) message[i] ^= mask[i % 4];
    if (ends && count == 6) return;
    unsigned char out[10] = {two[0], two[1] & 127};
    memcpy(out + 2, more, (size_t)wide);
    put(out, 2 + (size_t)wide);
    put(message, size);
    if ((two[0] & 15) == 8) break;
  }
  close(open("/tmp/parted", O_CREAT | O_WRONLY, 0600));
}

static void serve(void) {
  size_t size = 0;
  char* body = NULL;
  while (size < sizeof request - 1 && body == NULL) {
    const ssize_t got = read(client, request + size, sizeof request - 1 - size);
    if (got <= 0) return;
    size += (size_t)got;
    request[size] = 0;
    body = strstr(request, "\r\n\r\n");
  }
  if (body == NULL) return;
  body += 4;
  const char* length = strcasestr(request, "\r\ncontent-length:");
  const size_t wanted = length && length < body ? strtoul(length + 17, NULL, 10) : 0;
  while ((size_t)(request + size - body) < wanted && size < sizeof request - 1) {
    const ssize_t got = read(client, request + size, sizeof request - 1 - size);
    if (got <= 0) return;
    size += (size_t)got;
  }
  char method[16], path[4096];
  if (sscanf(request, "%15s %4095s", method, path) != 2) return;
  if (!strcmp(path, "/echo")) return answer("201 Created", "application/x-echo", body, wanted);
  if (!strcmp(path, "/head"))
    return answer("200 OK", "text/plain", request, (size_t)(body - request));
  if (!strcmp(path, "/port")) return answer_text(getenv("PORT"));
  if (!strcmp(path, "/greeting"))
    return answer_text(getenv("GREETING") ? getenv("GREETING") : "none");
  if (!strcmp(path, "/escape")) return escape();
  if (!strncmp(path, "/list", 5)) return list(path[5] ? path + 5 : "/");
  if (!strncmp(path, "/open/", 6))
    return answer_text(open(path + 5, O_RDWR) >= 0 ? "ok" : strerrorname_np(errno));
  if (!strcmp(path, "/flood-memory")) return flood();
  if (!strcmp(path, "/bomb")) return bomb();
  if (!strcmp(path, "/garbage")) return put("this is no HTTP\r\n\r\n", 19);
  if (!strcmp(path, "/silence")) return;
  if (!strcmp(path, "/bomb-length")) {
    const char* huge = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nlittle";
    return put(huge, strlen(huge));
  }
  if (!strcmp(path, "/upgrade")) {
    const char* other = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n";
    return put(other, strlen(other));
  }
  if (!strcmp(path, "/flood-output")) {
    const char* head = "HTTP/1.1 200 OK\r\n\r\n";
    put(head, strlen(head));
    for (;;) put(request, 65536);
  }
  if (!strcmp(path, "/until-close")) {
    const char* whole = "HTTP/1.0 200 OK\r\nX-Old: yes\r\n\r\nuntil the end";
    return put(whole, strlen(whole));
  }
  if (!strcmp(path, "/chunked")) {
    const char* whole =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n "
        "again\r\n0\r\n\r\n";
    return put(whole, strlen(whole));
  }
  if (!strcmp(path, "/events")) return events();
  if (!strcmp(path, "/events-then-none")) return events_then_none();
  if (!strncmp(path, "/remove/", 8)) unlink(path + 7);
  if (!strcmp(path, "/events-for-ever")) return events_for_ever();
  const char* key = strcasestr(request, "\r\nsec-websocket-key:");
  if (!strncmp(path, "/socket", 7) && key && key < body)
    return web_socket(key + 20 + strspn(key + 20, " "), !strcmp(path, "/socket-ends"));
  if (!strcmp(path, "/sleep")) sleep(60);
  if (!strcmp(path, "/spin"))
    for (;;) continue;
  if (!strcmp(path, "/exit")) kill(getppid(), SIGUSR1);
  if (!strncmp(path, "/fill/", 6)) return fill(path + 5);
  if (!strncmp(path, "/write/", 7)) return write_file(path + 6, body, wanted);
  if (!strncmp(path, "/read/", 6)) return read_file(path + 5);
  answer_text("hello from a container\n");
}

static void leave(int signal) {
  _exit(signal == SIGUSR1 ? 3 : 4);
}

int main(void) {
  signal(SIGCHLD, SIG_IGN);
  signal(SIGUSR1,
         leave);  // the first process of a namespace has no other way to be ended from inside
  fprintf(stderr, "listening on %s\n", getenv("PORT"));
  const int door = socket(AF_INET, SOCK_STREAM, 0);
  const int one = 1;
  setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in place = {.sin_family = AF_INET,
                              .sin_port = htons((unsigned short)atoi(getenv("PORT")))};
  if (bind(door, (void*)&place, sizeof place) != 0 || listen(door, 64) != 0)
    return perror("listen"), 1;
  for (;;) {
    client = accept4(door, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0) continue;
    if (fork() == 0) {
      close(door);
      setpgid(0, 0);
      serve();
      _exit(0);
    }
    close(client);
  }
}
