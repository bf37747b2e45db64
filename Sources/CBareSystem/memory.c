#define _GNU_SOURCE
#include "CBareSystem.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// glibc gives each thread that allocates a heap of its own, up to eight a core, and what one frees another cannot use.
// Nearly all of ours is allocated on one event loop. MALLOC_ARENA_MAX and GLIBC_TUNABLES still have the last word.
__attribute__((constructor)) static void limitArenas(void) {
  if (!getenv("MALLOC_ARENA_MAX") && !getenv("GLIBC_TUNABLES")) mallopt(M_ARENA_MAX, 2);
}

// Of the program itself, which is the first in the list, every part that is mapped from the file and never written to.
static int forgetCode(struct dl_phdr_info *program, size_t size, void *unused) {
  (void)size, (void)unused;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (int index = 0; index < program->dlpi_phnum; index++) {
    const ElfW(Phdr) *part = &program->dlpi_phdr[index];
    if (part->p_type != PT_LOAD || (part->p_flags & PF_W) != 0) continue;
    uintptr_t first = (program->dlpi_addr + part->p_vaddr) & ~(page - 1);
    uintptr_t end = (program->dlpi_addr + part->p_vaddr + part->p_memsz) & ~(page - 1);
    if (end > first) (void)madvise((void *)first, end - first, MADV_DONTNEED);
  }
  return 1;
}

void giveBackMemory(void) {
  malloc_trim(0);
  dl_iterate_phdr(forgetCode, NULL);
}
