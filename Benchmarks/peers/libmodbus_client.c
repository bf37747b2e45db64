// The client of libmodbus: a thread for each PLC, which reads its registers again as soon as they have come.
//
//   libmodbus_client HOST FIRST_PORT PLCS SECONDS REGISTERS
//
// Prints one JSON object: reads, failures, CPU seconds, wall seconds, resident bytes.
#define _GNU_SOURCE
#include <modbus/modbus.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "measure.h"

static const char *host;
static int first_port, count, registers;
static atomic_int connected, over;
// A line of cache each, so that threads do not meet in counting.
static struct { _Alignas(64) volatile long reads, failures; } *counts;

static void *read_one(void *argument) {
  long index = (long)argument;
  modbus_t *plc = modbus_new_tcp(host, first_port + index);
  uint16_t words[125];
  while (modbus_connect(plc) != 0 && !over) usleep(100000);
  connected++;
  while (!over) {
    if (modbus_read_registers(plc, 4001, registers, words) == registers) counts[index].reads++;
    else counts[index].failures++;
  }
  modbus_close(plc);
  modbus_free(plc);
  return NULL;
}

static long sum(void) {
  long reads = 0;
  for (int i = 0; i < count; i++) reads += counts[i].reads;
  return reads;
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  host = argv[1], first_port = atoi(argv[2]), count = atoi(argv[3]), registers = atoi(argv[5]);
  counts = aligned_alloc(64, count * sizeof *counts);
  for (int i = 0; i < count; i++) counts[i].reads = counts[i].failures = 0;
  for (long i = 0; i < count; i++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, read_one, (void *)i) != 0) return 1;
  }
  while (connected < count) usleep(20000);
  usleep(500000);
  long before = sum(), failures = 0;
  double spent = cpu();
  int64_t began = now_ns();
  sleep(atoi(argv[4]));
  spent = cpu() - spent;
  double wall = (now_ns() - began) / 1e9;
  long reads = sum() - before;
  for (int i = 0; i < count; i++) failures += counts[i].failures;
  printf("{\"reads\": %ld, \"failures\": %ld, \"cpu\": %.4f, \"wall\": %.3f, \"rss\": %ld}\n", reads, failures, spent,
         wall, resident());
  return 0;
}
