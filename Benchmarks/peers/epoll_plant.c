// PLCs as cheap as they can be: one thread, one epoll, function codes 3, 6 and 16 on 64 registers from 4001 on.
//
//   epoll_plant FIRST_PORT PLCS [DRIFT_EVERY_US]
//
// With DRIFT_EVERY_US it turns a setpoint so often, of one PLC after the other, and notes how long a client takes: from the
// read that was the first to show the new value, to the answer of the read that follows the client's write. What this
// includes of the wire is two round trips: the half ones at both ends are the plant's own.
// Ends on SIGTERM, and prints one JSON object: requests, CPU seconds, and those times in microseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "measure.h"

enum { FIRST = 4001, WORDS = 64 };
enum state { STEADY, TURNED, SEEN, WRITTEN };

struct plc {
  int listener;
  enum state state;
  int64_t seen;
  uint16_t words[WORDS];
};

struct connection {
  int socket, have;
  struct plc *plc;
  uint8_t in[512];
};

static struct plc *plcs;
static volatile sig_atomic_t over;
static long requests;
static uint32_t *times;
static size_t taken, room = 1 << 20;

static void stop(int signal) { (void)signal, over = 1; }

static uint16_t get(const uint8_t *bytes) { return bytes[0] << 8 | bytes[1]; }
static void put(uint8_t *bytes, unsigned value) { bytes[0] = value >> 8, bytes[1] = value; }

static int refuse(uint8_t *out, uint8_t exception) {
  out[7] |= 0x80, out[8] = exception;
  return 9;
}

// The answer to a whole frame; returns its length.
static int answer(struct plc *plc, const uint8_t *in, uint8_t *out, int64_t arrived) {
  memcpy(out, in, 8);
  unsigned address = get(in + 8), count = get(in + 10), first = address - FIRST, length;
  requests++;
  switch (in[7]) {
  case 3:
    if (count < 1 || count > WORDS || address < FIRST || first + count > WORDS) return refuse(out, 2);
    out[8] = 2 * count;
    for (unsigned i = 0; i < count; i++) put(out + 9 + 2 * i, plc->words[first + i]);
    length = 9 + 2 * count;
    if (plc->state == TURNED) plc->state = SEEN, plc->seen = arrived;
    break;
  case 6:
  case 16:
    if (address < FIRST || first >= WORDS) return refuse(out, 2);
    plc->words[first] = in[7] == 6 ? count : get(in + 13);
    memcpy(out + 8, in + 8, 4);
    length = 12;
    if (plc->state == SEEN) plc->state = WRITTEN;
    break;
  default: return refuse(out, 1);
  }
  put(out + 4, length - 6);
  return length;
}

static void serve(struct connection *c) {
  uint8_t out[300];
  ssize_t n = recv(c->socket, c->in + c->have, sizeof c->in - c->have, MSG_DONTWAIT);
  if (n <= 0) {
    close(c->socket);
    free(c);
    return;
  }
  int64_t arrived = now_ns();
  c->have += n;
  while (c->have >= 12 && c->have >= 6 + get(c->in + 4)) {
    int length = 6 + get(c->in + 4);
    int verifies = c->plc->state == WRITTEN && c->in[7] == 3;
    int size = answer(c->plc, c->in, out, arrived);
    if (size == 9) put(out + 4, 3);
    send(c->socket, out, size, MSG_NOSIGNAL);
    if (verifies) {
      c->plc->state = STEADY;
      if (taken < room) times[taken++] = (now_ns() - c->plc->seen) / 1000;
    }
    memmove(c->in, c->in + length, c->have - length);
    c->have -= length;
  }
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int first_port = atoi(argv[1]), count = atoi(argv[2]), turned = 0;
  int64_t every = argc > 3 ? atoll(argv[3]) * 1000 : 0, next = now_ns() + every;
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  plcs = calloc(count, sizeof *plcs);
  times = malloc(room * sizeof *times);
  int poll = epoll_create1(0), one = 1;
  for (int i = 0; i < count; i++) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(first_port + i)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    plcs[i].listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(plcs[i].listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(plcs[i].listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(plcs[i].listener, 64) != 0)
      return fprintf(stderr, "port %d: %s\n", first_port + i, strerror(errno)), 1;
    for (int w = 0; w < WORDS; w++) plcs[i].words[w] = 2500;
    // Even pointers are listeners, odd ones connections.
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uintptr_t)&plcs[i]};
    epoll_ctl(poll, EPOLL_CTL_ADD, plcs[i].listener, &event);
  }
  signal(SIGTERM, stop);
  signal(SIGINT, stop);
  printf("ready\n");
  fflush(stdout);
  struct epoll_event events[256];
  while (!over) {
    int64_t now = now_ns();
    for (; every && now >= next; next += every) {
      struct plc *plc = &plcs[turned++ % count];
      if (plc->state == STEADY) plc->words[0] += 7, plc->state = TURNED;
    }
    int ready = epoll_wait(poll, events, 256, every ? (next - now) / 1000000 + 1 : 500);
    for (int i = 0; i < ready; i++) {
      uintptr_t what = events[i].data.u64;
      if (what & 1) {
        serve((struct connection *)(what - 1));
        continue;
      }
      struct plc *plc = (struct plc *)what;
      int s = accept4(plc->listener, NULL, NULL, SOCK_NONBLOCK);
      if (s < 0) continue;
      setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      struct connection *c = calloc(1, sizeof *c);
      c->socket = s, c->plc = plc;
      struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uintptr_t)c + 1};
      epoll_ctl(poll, EPOLL_CTL_ADD, s, &event);
    }
  }
  printf("{\"requests\": %ld, \"cpu\": %.4f, \"times_us\": [", requests, cpu());
  for (size_t i = 0; i < taken; i++) printf("%s%u", i ? ", " : "", times[i]);
  printf("]}\n");
  return 0;
}
