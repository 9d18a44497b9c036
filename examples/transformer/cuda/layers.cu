// SPDX-License-Identifier: Apache-2.0
#include "layers.hpp"

#include <cuda_runtime.h>

#include <svfmath/core/half.hpp>
#include <svfmath/cuda.cuh>

#include "reduce.cuh"

namespace llama {

namespace {

namespace sc = svf::cuda;

template <class W>
using operands = svf::matrix_view<W, svf::device_space>;
using values = svf::vector_view<float, svf::device_space>;

constexpr unsigned row_threads = 128;

// One block for a row.
template <class W>
__global__ void rms_norm_kernel(device_rows x, device_values w, float epsilon, operands<W> y,
                                values inverse_rms) {
  index_t const t = blockIdx.x;
  float square = 0.0f;
  for (index_t j = threadIdx.x; j < x.cols; j += blockDim.x) {
    square += x(t, j) * x(t, j);
  }
  square = cuda::reduce_block(square, 0.0f, cuda::add{});
  float const scale = rsqrtf(square / float(x.cols) + epsilon);
  for (index_t j = threadIdx.x; j < x.cols; j += blockDim.x) {
    y(t, j) = sc::detail::rounded<W>(x(t, j) * scale * w[j]);
  }
  if (threadIdx.x == 0) {
    inverse_rms[t] = scale;
  }
}

__global__ void rms_norm_backward_kernel(device_rows x, device_values w, device_values inverse_rms,
                                         device_rows dy, mutable_device_rows dx) {
  index_t const t = blockIdx.x;
  float inner = 0.0f;
  for (index_t j = threadIdx.x; j < x.cols; j += blockDim.x) {
    inner += dy(t, j) * w[j] * x(t, j);
  }
  inner = cuda::reduce_block(inner, 0.0f, cuda::add{}) / float(x.cols);
  float const scale = inverse_rms[t];
  float const back = inner * scale * scale * scale;
  for (index_t j = threadIdx.x; j < x.cols; j += blockDim.x) {
    dx(t, j) += scale * dy(t, j) * w[j] - x(t, j) * back;
  }
}

// A pair of elements that turn together.
template <class W>
struct rotate_pair {
  operands<W> x;
  device_rows cosine;
  device_rows sine;
  svf::vector_view<std::int32_t const, svf::device_space> positions;
  bool interleaved;
  float sign;

  __device__ void operator()(index_t t, index_t pair) const {
    index_t const half = cosine.cols;
    index_t const head = pair / half;
    index_t const i = pair % half;
    index_t const first = head * 2 * half + (interleaved ? 2 * i : i);
    index_t const second = first + (interleaved ? 1 : half);
    float const c = cosine(positions[t], i);
    float const s = sign * sine(positions[t], i);
    float const a = float(x(t, first));
    float const b = float(x(t, second));
    x(t, first) = sc::detail::rounded<W>(a * c - b * s);
    x(t, second) = sc::detail::rounded<W>(a * s + b * c);
  }
};

__device__ float sigmoid(float a) { return 1.0f / (1.0f + __expf(-a)); }

// y of a pack of gate and up.
template <class W>
struct swiglu_pack {
  W const* gate;
  W const* up;
  W* y;
  template <unsigned N>
  __device__ void run(index_t first) const {
    using pack = sc::detail::pack<W, N>;
    pack const a = *reinterpret_cast<pack const*>(gate + first);
    pack const u = *reinterpret_cast<pack const*>(up + first);
    pack out;
#pragma unroll
    for (unsigned e = 0; e < N; ++e) {
      float const x = float(a.values[e]);
      out.values[e] = sc::detail::rounded<W>(x * sigmoid(x) * float(u.values[e]));
    }
    sc::detail::write(out, reinterpret_cast<pack*>(y + first));
  }
};

template <class W>
struct swiglu_gradient_pack {
  W const* dy;
  W const* gate;
  W const* up;
  W* dgate;
  W* dup;
  template <unsigned N>
  __device__ void run(index_t first) const {
    using pack = sc::detail::pack<W, N>;
    pack const d = *reinterpret_cast<pack const*>(dy + first);
    pack const a = *reinterpret_cast<pack const*>(gate + first);
    pack const u = *reinterpret_cast<pack const*>(up + first);
    pack da;
    pack du;
#pragma unroll
    for (unsigned e = 0; e < N; ++e) {
      float const x = float(a.values[e]);
      float const y = float(d.values[e]);
      float const s = sigmoid(x);
      da.values[e] =
          sc::detail::rounded<W>(y * float(u.values[e]) * (s * (1.0f + x * (1.0f - s))));
      du.values[e] = sc::detail::rounded<W>(y * x * s);
    }
    sc::detail::write(da, reinterpret_cast<pack*>(dgate + first));
    sc::detail::write(du, reinterpret_cast<pack*>(dup + first));
  }
};

template <unsigned N, class F>
__global__ void flat_kernel(index_t packs, F f) {
  index_t const k = index_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (k < packs) {
    f.template run<N>(k * N);
  }
}

// f for all elements of arrays that svfmath's owners hold, and which therefore begin at whole packs
// and have no gaps.
template <class W, class F>
void for_each_pack(svf::cuda::stream_policy& exec, index_t elements, F f) {
  constexpr unsigned full = 16 / sizeof(W);
  constexpr unsigned threads = 256;
  sc::detail::on_device const here(exec.device());
  auto const blocks = [](index_t packs) { return unsigned((packs + threads - 1) / threads); };
  if (elements == 0) {
    return;
  }
  if (elements % full == 0) {
    flat_kernel<full><<<blocks(elements / full), threads, 0, exec.stream()>>>(elements / full, f);
  } else {
    flat_kernel<1><<<blocks(elements), threads, 0, exec.stream()>>>(elements, f);
  }
  sc::detail::check(cudaGetLastError(), "for_each_pack");
}

}  // namespace

template <class W>
void rms_norm(svf::cuda::stream_policy& exec, device_rows x, device_values w, float epsilon,
              svf::matrix_view<W, svf::device_space> y,
              svf::vector_view<float, svf::device_space> inverse_rms) {
  if (x.rows == 0) {
    return;
  }
  sc::detail::on_device const here(exec.device());
  rms_norm_kernel<W><<<unsigned(x.rows), row_threads, 0, exec.stream()>>>(x, w, epsilon, y,
                                                                         inverse_rms);
  sc::detail::check(cudaGetLastError(), "rms_norm");
}

void rms_norm_backward(svf::cuda::stream_policy& exec, device_rows x, device_values w,
                       device_values inverse_rms, device_rows dy, mutable_device_rows dx,
                       svf::vector_view<float, svf::device_space> dw) {
  svf::expects(dw.size == 0, svf::error_kind::backend,
               "rms_norm_backward: expected no gradient of the norm's weights on a CUDA device");
  if (x.rows == 0) {
    return;
  }
  sc::detail::on_device const here(exec.device());
  rms_norm_backward_kernel<<<unsigned(x.rows), row_threads, 0, exec.stream()>>>(x, w, inverse_rms,
                                                                               dy, dx);
  sc::detail::check(cudaGetLastError(), "rms_norm_backward");
}

template <class W>
void rotate(svf::cuda::stream_policy& exec, rotary_table<svf::device_space> const& table,
            svf::matrix_view<W, svf::device_space> x,
            svf::vector_view<std::int32_t const, svf::device_space> positions, int direction) {
  sc::detail::for_each_element(exec, x.rows, x.cols / 2,
                               rotate_pair<W>{x, table.cosine.view(), table.sine.view(), positions,
                                              table.style == config::rope_style::interleaved,
                                              direction < 0 ? -1.0f : 1.0f});
}

template <class W>
void swiglu(svf::cuda::stream_policy& exec, svf::matrix_view<W const, svf::device_space> gate,
            svf::matrix_view<W const, svf::device_space> up,
            svf::matrix_view<W, svf::device_space> y) {
  for_each_pack<W>(exec, y.size(), swiglu_pack<W>{gate.data, up.data, y.data});
}

template <class W>
void swiglu_backward(svf::cuda::stream_policy& exec,
                     svf::matrix_view<W const, svf::device_space> dy,
                     svf::matrix_view<W const, svf::device_space> gate,
                     svf::matrix_view<W const, svf::device_space> up,
                     svf::matrix_view<W, svf::device_space> dgate,
                     svf::matrix_view<W, svf::device_space> dup) {
  for_each_pack<W>(exec, dy.size(),
                   swiglu_gradient_pack<W>{dy.data, gate.data, up.data, dgate.data, dup.data});
}

#define SVFMATH_INSTANTIATE(W)                                                                    \
  template void rms_norm(svf::cuda::stream_policy&, device_rows, device_values, float,            \
                         operands<W>, values);                                                    \
  template void rotate(svf::cuda::stream_policy&, rotary_table<svf::device_space> const&,         \
                       operands<W>, svf::vector_view<std::int32_t const, svf::device_space>, int);\
  template void swiglu(svf::cuda::stream_policy&, operands<W const>, operands<W const>,           \
                       operands<W>);                                                              \
  template void swiglu_backward(svf::cuda::stream_policy&, operands<W const>, operands<W const>,  \
                                operands<W const>, operands<W>, operands<W>)
SVFMATH_INSTANTIATE(float);
SVFMATH_INSTANTIATE(svf::bfloat16);
#undef SVFMATH_INSTANTIATE

}  // namespace llama
