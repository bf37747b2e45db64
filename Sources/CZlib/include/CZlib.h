#ifndef FABGITOPS_CZLIB_H
#define FABGITOPS_CZLIB_H

#include <zlib.h>

// deflateInit2 and inflateInit2 are macros, which Swift does not import. 16 + 15 asks for a gzip header and trailer.
static inline int czlib_gzip_begin(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY);
}

// The same without header and trailer, for parts of a gzip stream.
static inline int czlib_deflate_begin(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
}

// As the first, for reading.
static inline int czlib_gunzip_begin(z_stream *stream) { return inflateInit2(stream, 16 + 15); }

#endif
