/*===- System.c - memory, the weights file, the processor ----------*- C
-*-===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

#include "Runtime.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void *squint_memory_get(const squint_allocator *allocator, size_t size,
                        size_t alignment) {
  if (allocator->allocate)
    return allocator->allocate(allocator->user, size, alignment);
  void *pointer = NULL;
  return posix_memalign(&pointer, alignment, size) ? NULL : pointer;
}

void squint_memory_free(const squint_allocator *allocator, void *pointer,
                        size_t size) {
  if (!pointer)
    return;
  if (allocator->deallocate)
    allocator->deallocate(allocator->user, pointer, size);
  else
    free(pointer);
}

/*===----------------------------------------------------------------------===*\
|* The weights file                                                           *|
\*===----------------------------------------------------------------------===*/

/* Puts the path of `name` in this library's (or program's) folder. */
static bool beside_library(const char *name, char *path, size_t size) {
  Dl_info info;
  if (!dladdr((const void *)&squint_library_v1, &info) || !info.dli_fname)
    return false;
  const char *slash = strrchr(info.dli_fname, '/');
  int folder = slash ? (int)(slash - info.dli_fname) + 1 : 0;
  int length = snprintf(path, size, "%.*s%s", folder, info.dli_fname, name);
  return length > 0 && (size_t)length < size;
}

int32_t squint_weights_map(const char *path, squint_mapping *mapping,
                           const void **weights, char *error,
                           size_t error_size) {
  char beside[PATH_MAX];
  const char *name = squint_library_v1.weights_file;
  if (!path) {
    if (!beside_library(name, beside, sizeof(beside))) {
      snprintf(error, error_size, "%s: cannot tell the library's folder", name);
      return SQUINT_IO_ERROR;
    }
    path = beside;
  }
  int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (file < 0 || fstat(file, &status)) {
    snprintf(error, error_size, "%s: %s", path, strerror(errno));
    if (file >= 0)
      close(file);
    return SQUINT_IO_ERROR;
  }
  uint64_t header = squint_embedded_v1.weights_header_size;
  uint64_t size = header + squint_library_v1.weights_size;
  if (status.st_size < 0 || (uint64_t)status.st_size != size) {
    snprintf(error, error_size, "%s: expected %llu bytes, got %lld", path,
             (unsigned long long)size, (long long)status.st_size);
    close(file);
    return SQUINT_IO_ERROR;
  }
  void *base = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (base == MAP_FAILED) {
    snprintf(error, error_size, "%s: %s", path, strerror(errno));
    return SQUINT_IO_ERROR;
  }
  mapping->base = base;
  mapping->size = size;
  /* The header holds the digest of the weights, so that a library never runs
     with those of another compilation. */
  if (memcmp(base, squint_embedded_v1.weights_header, header)) {
    snprintf(error, error_size,
             "%s: expected the weights that were written with this library",
             path);
    squint_weights_unmap(mapping);
    return SQUINT_IO_ERROR;
  }
  *weights = (const char *)base + header;
  return SQUINT_OK;
}

/* Processors remember where few thousand pages are: weights that are read from
   end to end come half again as fast from pages of 2 MB. Files have small ones
   only. */
enum { LARGE_PAGE = 2 << 20, LEAST_ENLARGED = 8 << 20, STRETCH = 8 << 20 };

/* The start of a file as text, empty where it cannot be read. */
static void read_start(const char *path, char *text, size_t size) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? -1 : read(file, text, size - 1);
  if (file >= 0)
    close(file);
  text[length < 0 ? 0 : length] = 0;
}

static bool has_large_pages(void) {
  char text[64];
  read_start("/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof(text));
  return strstr(text, "[always]") || strstr(text, "[madvise]");
}

/* Half of what could be had without writing other memory to a disk. */
static uint64_t get_spare_memory(void) {
  char text[512];
  read_start("/proc/meminfo", text, sizeof(text));
  const char *digit = strstr(text, "MemAvailable:");
  uint64_t kilobytes = 0;
  for (digit = digit ? digit + strcspn(digit, "0123456789") : "";
       *digit >= '0' && *digit <= '9'; ++digit)
    kilobytes = kilobytes * 10 + (uint64_t)(*digit - '0');
  return kilobytes * 512;
}

void squint_weights_enlarge(squint_mapping *mapping, const void **weights,
                            uint64_t size) {
  if (size < LEAST_ENLARGED || !has_large_pages() || size > get_spare_memory())
    return;
  uint64_t all = size + LARGE_PAGE;
  char *base = mmap(NULL, all, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED)
    return;
  char *copy = base + (-(uintptr_t)base & (LARGE_PAGE - 1));
  if (madvise(copy, size, MADV_HUGEPAGE)) {
    munmap(base, all);
    return;
  }
  /* Stretch by stretch, so that never much is in memory twice: what has been
   * copied is not read any more, and the kernel may forget those pages of the
   * file, whether it is mapped or the library itself. */
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (uint64_t at = 0; at < size; at += STRETCH) {
    uint64_t count = size - at < STRETCH ? size - at : STRETCH;
    const char *from = (const char *)*weights + at;
    memcpy(copy + at, from, count);
    uintptr_t begin = ((uintptr_t)from + page - 1) & -page,
              end = ((uintptr_t)from + count) & -page;
    if (begin < end)
      madvise((void *)begin, end - begin, MADV_DONTNEED);
  }
  if (mapping->base)
    squint_weights_unmap(mapping);
  mapping->base = base;
  mapping->size = all;
  *weights = copy;
}

void squint_weights_unmap(squint_mapping *mapping) {
  if (mapping->base)
    munmap(mapping->base, mapping->size);
  mapping->base = NULL;
}
