/* The libmodbus side of the interoperability matrix: a server, and a client that tries every function and type.
 *
 *   libmodbus_peer serve-tcp PORT TABLE        libmodbus_peer client HOST PORT TABLE
 *   libmodbus_peer serve-rtu DEVICE TABLE      libmodbus_peer check  HOST PORT TABLE OFFSET
 *
 * TABLE has a line a value: type order address words value-text w0,w1,...  A client prints "cell|ROW|ok" or
 * "cell|ROW|what went wrong". Built by matrix.py.
 */
#include <errno.h>
#include <inttypes.h>
#include <modbus/modbus.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 64, SIZE = 4096, WRITES = 1000, BOTH = 2000 };

struct value {
  char type[12], order[8], text[64];
  int address, words;
  uint16_t raw[32];
};

static struct value table[MOST];
static int count;

static void load(const char *path) {
  FILE *file = fopen(path, "r");
  char words[256];
  if (file == NULL) { perror(path); exit(2); }
  while (count < MOST) {
    struct value *v = &table[count];
    if (fscanf(file, "%11s %7s %d %d %63s %255s", v->type, v->order, &v->address, &v->words, v->text, words) != 6) break;
    int index = 0;
    for (char *word = strtok(words, ","); word != NULL && index < 32; word = strtok(NULL, ","))
      v->raw[index++] = (uint16_t)strtoul(word, NULL, 10);
    count++;
  }
  fclose(file);
}

/* What libmodbus itself makes of the words; 1: as expected, 0: not, -1: it has nothing for this type and order. */
static int means(const struct value *v, const uint16_t *got) {
  int abcd = strcmp(v->order, "ABCD") == 0;
  if (strcmp(v->type, "uint16") == 0) return got[0] == (uint16_t)strtoul(v->text, NULL, 10);
  if (strcmp(v->type, "int16") == 0) return (int16_t)got[0] == (int16_t)strtol(v->text, NULL, 10);
  if (strcmp(v->type, "bool") == 0) return (got[0] >> 3 & 1) == 1;
  if (strcmp(v->type, "float32") == 0) {
    float f = abcd ? modbus_get_float_abcd(got)
      : strcmp(v->order, "CDAB") == 0 ? modbus_get_float_cdab(got)
      : strcmp(v->order, "BADC") == 0 ? modbus_get_float_badc(got) : modbus_get_float_dcba(got);
    return f == strtof(v->text, NULL);
  }
  if (strcmp(v->type, "string") == 0) {
    char text[64] = {0};
    for (int i = 0; i < v->words; i++) { text[2 * i] = (char)(got[i] >> 8); text[2 * i + 1] = (char)got[i]; }
    return strcmp(text, v->text) == 0;
  }
  if (!abcd) return -1;
  if (strcmp(v->type, "uint32") == 0) return (uint32_t)MODBUS_GET_INT32_FROM_INT16(got, 0) == (uint32_t)strtoul(v->text, NULL, 10);
  if (strcmp(v->type, "int32") == 0) return (int32_t)MODBUS_GET_INT32_FROM_INT16(got, 0) == (int32_t)strtol(v->text, NULL, 10);
  uint64_t bits = (uint64_t)MODBUS_GET_INT64_FROM_INT16(got, 0);
  if (strcmp(v->type, "uint64") == 0) return bits == strtoull(v->text, NULL, 10);
  if (strcmp(v->type, "int64") == 0) return (int64_t)bits == strtoll(v->text, NULL, 10);
  double d;
  memcpy(&d, &bits, sizeof d);
  return strcmp(v->type, "float64") == 0 ? d == strtod(v->text, NULL) : -1;
}

/* The words of a value as libmodbus makes them, where it can; else as the table has them. Its modbus_set_float_*() are
 * not used: they do not round-trip with its own getters (stephane/libmodbus issues 611 and 807). */
static void make(const struct value *v, uint16_t *out) {
  memcpy(out, v->raw, sizeof v->raw);
  if (strcmp(v->order, "ABCD") == 0 && strstr(v->type, "int32") != NULL) {
    uint32_t bits = (uint32_t)strtoll(v->text, NULL, 10);
    MODBUS_SET_INT32_TO_INT16(out, 0, bits);
  } else if (strcmp(v->order, "ABCD") == 0 && strstr(v->type, "int64") != NULL) {
    uint64_t bits = v->text[0] == '-' ? (uint64_t)strtoll(v->text, NULL, 10) : strtoull(v->text, NULL, 10);
    MODBUS_SET_INT64_TO_INT16(out, 0, bits);
  }
}

/* Server */

static modbus_mapping_t *mapping(void) {
  modbus_mapping_t *map = modbus_mapping_new(SIZE, SIZE, SIZE, SIZE);
  if (map == NULL) exit(2);
  for (int i = 0; i < SIZE; i++) { map->tab_bits[i] = i % 3 == 1; map->tab_input_bits[i] = i % 5 == 2; }
  for (int i = 0; i < count; i++) {
    make(&table[i], &map->tab_registers[table[i].address]);
    make(&table[i], &map->tab_input_registers[table[i].address]);
  }
  return map;
}

static void answer(modbus_t *context, modbus_mapping_t *map) {
  uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
  for (;;) {
    int length = modbus_receive(context, request);
    if (length > 0) modbus_reply(context, request, length, map);
    else if (length < 0 && errno != EMBBADCRC) return;
  }
}

static int serve_tcp(int port) {
  modbus_t *context = modbus_new_tcp("127.0.0.1", port);
  modbus_mapping_t *map = mapping();
  int listening = modbus_tcp_listen(context, 4);
  if (listening < 0) { fprintf(stderr, "listen: %s\n", modbus_strerror(errno)); return 2; }
  puts("ready");
  fflush(stdout);
  for (;;) {
    if (modbus_tcp_accept(context, &listening) < 0) return 2;
    answer(context, map);
    modbus_close(context);
  }
}

static int serve_rtu(const char *device) {
  modbus_t *context = modbus_new_rtu(device, 115200, 'N', 8, 1);
  modbus_mapping_t *map = mapping();
  if (context == NULL || modbus_set_slave(context, 1) < 0 || modbus_connect(context) < 0) {
    fprintf(stderr, "%s: %s\n", device, modbus_strerror(errno));
    return 2;
  }
  puts("ready");
  fflush(stdout);
  for (;;) answer(context, map);
}

/* Client */

static modbus_t *context;

static void cell(const char *row, int good) {
  if (good) printf("cell|%s|ok\n", row);
  else printf("cell|%s|FAILED %s\n", row, errno ? modbus_strerror(errno) : "wrong value");
  errno = 0;
}

static const char *types[] = {"uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "string", "bool"};

static int read_type(const char *type, int input, int offset) {
  int good = 1, tried = 0;
  for (int i = 0; i < count && good; i++) {
    uint16_t got[32] = {0};
    if (strcmp(table[i].type, type) != 0) continue;
    int read = input ? modbus_read_input_registers(context, table[i].address + offset, table[i].words, got)
                     : modbus_read_registers(context, table[i].address + offset, table[i].words, got);
    int meaning = means(&table[i], got);
    if (meaning < 0) meaning = memcmp(got, table[i].raw, (size_t)table[i].words * 2) == 0;
    good = read == table[i].words && meaning;
    tried++;
  }
  return good && tried > 0;
}

static int write_type(const char *type, int both) {
  int good = 1, tried = 0;
  for (int i = 0; i < count && good; i++) {
    uint16_t words[32], got[32] = {0};
    if (strcmp(table[i].type, type) != 0) continue;
    make(&table[i], words);
    int to = table[i].address + (both ? BOTH : WRITES), n = table[i].words;
    if (both) {
      good = modbus_write_and_read_registers(context, to, n, words, to, n, got) == n;
    } else {
      good = modbus_write_registers(context, to, n, words) == n && modbus_read_registers(context, to, n, got) == n;
    }
    good = good && memcmp(got, table[i].raw, (size_t)n * 2) == 0;
    tried++;
  }
  return good && tried > 0;
}

static void bits(void) {
  uint8_t got[200], set[11];
  int good = modbus_read_bits(context, 0, 187, got) == 187;
  for (int i = 0; i < 187; i++) good = good && got[i] == (i % 3 == 1);
  cell("1 bits", good);
  good = modbus_read_input_bits(context, 0, 187, got) == 187;
  for (int i = 0; i < 187; i++) good = good && got[i] == (i % 5 == 2);
  cell("2 bits", good);
  cell("5 coil", modbus_write_bit(context, 1000, 1) == 1 && modbus_read_bits(context, 1000, 1, got) == 1 && got[0] == 1);
  for (int i = 0; i < 11; i++) set[i] = i % 2 == 0;
  good = modbus_write_bits(context, 1001, 11, set) == 11 && modbus_read_bits(context, 1001, 11, got) == 11;
  cell("15 bits", good && memcmp(got, set, 11) == 0);
}

static int client(void) {
  char row[32];
  uint16_t got = 0;
  errno = 0;
  bits();
  for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
    snprintf(row, sizeof row, "3 %s", types[t]);
    cell(row, read_type(types[t], 0, 0));
    snprintf(row, sizeof row, "4 %s", types[t]);
    cell(row, read_type(types[t], 1, 0));
    snprintf(row, sizeof row, "16 %s", types[t]);
    cell(row, write_type(types[t], 0));
    snprintf(row, sizeof row, "23 %s", types[t]);
    cell(row, write_type(types[t], 1));
  }
  cell("6 uint16", modbus_write_register(context, 3000, 54321) == 1 && modbus_read_registers(context, 3000, 1, &got) == 1 && got == 54321);
  cell("6 int16", modbus_write_register(context, 3001, (uint16_t)-12345) == 1 && modbus_read_registers(context, 3001, 1, &got) == 1 && (int16_t)got == -12345);
  cell("22 mask", modbus_write_register(context, 3002, 0x12) == 1 && modbus_mask_write_register(context, 3002, 0xF2, 0x25) == 1 && modbus_read_registers(context, 3002, 1, &got) == 1 && got == 0x17);
  int refused = modbus_read_registers(context, 60000, 1, &got) == -1 && errno == EMBXILADD;
  errno = 0;
  cell("exception 2", refused);
  return 0;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  if (argc == 4 && strcmp(argv[1], "serve-tcp") == 0) { load(argv[3]); return serve_tcp(atoi(argv[2])); }
  if (argc == 4 && strcmp(argv[1], "serve-rtu") == 0) { load(argv[3]); return serve_rtu(argv[2]); }
  if (argc < 5) { fprintf(stderr, "usage: see the top of libmodbus_peer.c\n"); return 2; }
  load(argv[4]);
  context = modbus_new_tcp(argv[2], atoi(argv[3]));
  modbus_set_response_timeout(context, 20, 0);
  if (context == NULL || modbus_connect(context) < 0) { fprintf(stderr, "connect: %s\n", modbus_strerror(errno)); return 2; }
  if (strcmp(argv[1], "client") == 0) return client();
  for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
    char row[32];
    snprintf(row, sizeof row, "%s %s", argv[5], types[t]);
    errno = 0;
    cell(row, read_type(types[t], 0, strcmp(argv[5], "16") == 0 ? WRITES : BOTH));
  }
  return 0;
}
