#pragma once

/// Marks an inline function that kernels on the device call too. Such a function uses +, -, *, / and explicit
/// fma on float32 only, each correctly rounded on every machine, so that host and device get the same bits
/// (--prec-div and --ftz=false are nvcc's defaults; --fmad=false is not, and --use_fast_math is not allowed).
#if defined(__CUDACC__)
#define RHEOBASE_HD __host__ __device__
#else
#define RHEOBASE_HD
#endif
