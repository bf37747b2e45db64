// The practical limit of a client, and the load for servers: one thread, one epoll, frames made once, answers hardly
// looked at.
//
//   epoll_client HOST FIRST_PORT PORTS CONNECTIONS SECONDS REGISTERS PAUSE_US
//
// Connections go to the ports in turn. Without a pause each sends again as soon as it was answered; with one, it waits so
// long in between (for round trips on a machine that is not kept busy by it). Prints one JSON object: reads, failures, CPU
// seconds, wall seconds, resident bytes, and the median and 99th percentile of the round trips in microseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "measure.h"

struct connection {
  int socket, have, wanted;
  int64_t sent, due;
  uint8_t answer[260];
};

static int registers;
static uint8_t frame[12];

static int open_to(const char *host, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  int one = 1, s = socket(AF_INET, SOCK_STREAM, 0);
  if (inet_pton(AF_INET, host, &to.sin_addr) != 1 || connect(s, (struct sockaddr *)&to, sizeof to) != 0) return -1;
  setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return s;
}

static void ask(struct connection *c) {
  c->have = 0;
  c->sent = now_ns();
  if (send(c->socket, frame, sizeof frame, MSG_NOSIGNAL) != sizeof frame) c->wanted = -1;
}

static int compare(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
  if (argc != 8) return 2;
  int first_port = atoi(argv[2]), ports = atoi(argv[3]), count = atoi(argv[4]), seconds = atoi(argv[5]);
  registers = atoi(argv[6]);
  int64_t pause = atoll(argv[7]) * 1000;
  uint8_t read_request[12] = {0, 1, 0, 0, 0, 6, 1, 3, 4001 >> 8, 4001 & 255, registers >> 8, registers & 255};
  memcpy(frame, read_request, sizeof frame);
  int poll = epoll_create1(0);
  struct connection *all = calloc(count, sizeof *all);
  for (int i = 0; i < count; i++) {
    struct connection *c = &all[i];
    if ((c->socket = open_to(argv[1], first_port + i % ports)) < 0) return fprintf(stderr, "connect: %s\n", strerror(errno)), 1;
    c->wanted = 9 + 2 * registers;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poll, EPOLL_CTL_ADD, c->socket, &event);
    if (pause) c->due = now_ns() + pause * i / count;
    else ask(c);
  }
  size_t room = 1 << 20, times = 0;
  uint32_t *trips = malloc(room * sizeof *trips);
  struct epoll_event events[256];
  long reads = 0, failures = 0;
  double spent = 0;
  int64_t began = 0, warm = now_ns() + 500000000LL, end = INT64_MAX;
  for (;;) {
    int64_t now = now_ns();
    if (!began && now >= warm) began = now, end = now + seconds * 1000000000LL, spent = cpu(), reads = failures = 0, times = 0;
    if (now >= end) break;
    int wait = 100;
    if (pause) {
      wait = 10;
      for (int i = 0; i < count; i++) {
        if (all[i].due && now >= all[i].due) all[i].due = 0, ask(&all[i]);
        else if (all[i].due && (all[i].due - now) / 1000000 < wait) wait = (all[i].due - now) / 1000000;
      }
    }
    int ready = epoll_wait(poll, events, 256, wait);
    for (int i = 0; i < ready; i++) {
      struct connection *c = events[i].data.ptr;
      ssize_t n = recv(c->socket, c->answer + c->have, sizeof c->answer - c->have, MSG_DONTWAIT);
      if (n <= 0) {
        failures++;
        epoll_ctl(poll, EPOLL_CTL_DEL, c->socket, NULL);
        continue;
      }
      c->have += n;
      if (c->have < c->wanted && !(c->have >= 9 && c->answer[7] & 0x80)) continue;
      if (c->answer[7] & 0x80) failures++;
      else reads++;
      if (times < room) trips[times++] = (now_ns() - c->sent) / 1000;
      if (pause) c->due = now_ns() + pause;
      else ask(c);
    }
  }
  spent = cpu() - spent;
  double wall = (now_ns() - began) / 1e9;
  qsort(trips, times, sizeof *trips, compare);
  printf("{\"reads\": %ld, \"failures\": %ld, \"cpu\": %.4f, \"wall\": %.3f, \"rss\": %ld, \"p50_us\": %u, \"p99_us\": %u}\n",
         reads, failures, spent, wall, resident(), times ? trips[times / 2] : 0, times ? trips[times * 99 / 100] : 0);
  return 0;
}
