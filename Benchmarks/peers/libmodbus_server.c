// A server of libmodbus for many clients, as its own example for that: one thread, select() over all connections.
//
//   libmodbus_server PORT
#include <modbus/modbus.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  modbus_t *context = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
  modbus_mapping_t *image = modbus_mapping_new(0, 0, 4200, 0);
  if (!context || !image) return 1;
  for (int i = 0; i < 4200; i++) image->tab_registers[i] = 2500;
  int listener = modbus_tcp_listen(context, 128), highest = listener;
  if (listener < 0) return 1;
  fd_set all;
  FD_ZERO(&all);
  FD_SET(listener, &all);
  uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
  for (;;) {
    fd_set ready = all;
    if (select(highest + 1, &ready, NULL, NULL, NULL) < 0) return 1;
    for (int s = 0; s <= highest; s++) {
      if (!FD_ISSET(s, &ready)) continue;
      if (s == listener) {
        int fresh = accept(listener, NULL, NULL);
        if (fresh < 0 || fresh >= FD_SETSIZE) continue;
        FD_SET(fresh, &all);
        if (fresh > highest) highest = fresh;
        continue;
      }
      modbus_set_socket(context, s);
      int length = modbus_receive(context, query);
      if (length > 0) {
        modbus_reply(context, query, length, image);
      } else if (length < 0) {
        close(s);
        FD_CLR(s, &all);
      }
    }
  }
}
