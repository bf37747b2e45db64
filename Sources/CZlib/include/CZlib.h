#ifndef FABGITOPS_CZLIB_H
#define FABGITOPS_CZLIB_H

#include <zlib.h>

// deflateInit2 is a macro, which Swift does not import. 16 + 15 asks for a gzip header and trailer.
static inline int czlib_gzip_begin(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY);
}

// As above, for reading.
static inline int czlib_gunzip_begin(z_stream *stream) { return inflateInit2(stream, 16 + 15); }

#endif
