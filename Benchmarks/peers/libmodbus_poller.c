// A bare poller: a thread for each PLC reads its registers once an interval with libmodbus, and does nothing else with
// them. What our whole engine is measured against.
//
//   libmodbus_poller FIRST_PORT COUNT INTERVAL_MS SECONDS REGISTER REGISTERS
//
// Prints one JSON object: reads, failures, CPU seconds and resident bytes while all were polling, and how late reads began.
#define _GNU_SOURCE
#include <errno.h>
#include <modbus/modbus.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "measure.h"

static int first_port, count, interval_ms, seconds, reg, registers;
static atomic_long reads, failures, connected;
static atomic_int over;
// Lateness by powers of two of a microsecond.
static atomic_long late[40];

static void *poll_one(void *argument) {
  long index = (long)argument;
  modbus_t *plc = modbus_new_tcp("127.0.0.1", first_port + index);
  uint16_t words[125];
  while (modbus_connect(plc) != 0 && !over) usleep(100000);
  connected++;
  // Spread over the interval, as ours are.
  int64_t period = interval_ms * 1000000LL;
  int64_t due = (now_ns() / period + 1) * period + period * index / count;
  while (!over) {
    struct timespec t = {due / 1000000000LL, due % 1000000000LL};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {}
    int64_t micros = (now_ns() - due) / 1000, bucket = 0;
    while (micros > 1 && bucket < 39) { micros >>= 1; bucket++; }
    late[bucket]++;
    if (modbus_read_registers(plc, reg, registers, words) == registers) reads++; else failures++;
    due += period;
  }
  modbus_close(plc);
  modbus_free(plc);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 7) return 2;
  first_port = atoi(argv[1]), count = atoi(argv[2]), interval_ms = atoi(argv[3]);
  seconds = atoi(argv[4]), reg = atoi(argv[5]), registers = atoi(argv[6]);
  pthread_t *threads = calloc(count, sizeof *threads);
  for (long i = 0; i < count; i++)
    if (pthread_create(&threads[i], NULL, poll_one, (void *)i) != 0) return 1;
  while (connected < count) usleep(20000);
  sleep(2);
  double before = cpu();
  long read_before = reads;
  for (int i = 0; i < 40; i++) late[i] = 0;
  int64_t start = now_ns();
  sleep(seconds);
  double spent = cpu() - before, wall = (now_ns() - start) / 1e9;
  printf("{\"reads\": %ld, \"failures\": %ld, \"cpu\": %.4f, \"wall\": %.3f, \"rss\": %ld, \"late_us_log2\": [",
         reads - read_before, (long)failures, spent, wall, resident());
  for (int i = 0; i < 40; i++) printf("%s%ld", i ? ", " : "", (long)late[i]);
  printf("]}\n");
  over = 1;
  return 0;
}
