// Structural similarity (Wang et al. 2004; paper, eq. 6) as MODEL.md's Metrics state it: Gaussian
// window w of 11 x 11 taps, sigma 1.5, population covariance, K1 = 0.01, K2 = 0.03, each channel by
// itself. With the window's moments mu_a, mu_b, s_aa, s_bb, s_ab at a position and C1 = (K1 L)^2,
// C2 = (K2 L)^2:
//   S = (2 mu_a mu_b + C1)(2 s_ab + C2) / ((mu_a^2 + mu_b^2 + C1)(s_aa + s_bb + C2)),
//   y[n] = mean of S over the positions whose window lies inside the image (a border of 5 pixels is
//   left out)
//          and over channels.
// a, b [N,H,W,C] with H, W >= 11; range L [N]; y [N]. Backward, from dS to the three moments that a
// takes part in (m1 = sum w a, m2 = sum w a^2, m11 = sum w a b), then through the window:
//   da(x) = sum_p w(x - p) (dS/dm1(p) + 2 a(x) dS/dm2(p) + b(x) dS/dm11(p)) dy[n] / count.
// All sums are in double precision: the variances are small differences of large numbers.
#pragma once

#include <array>

#include "kernels/common/call.h"

namespace nram::kernels {

constexpr int kSsimTaps = 11;

// The separable window's taps; they add up to 1.
const std::array<double, kSsimTaps>& ssim_window();

// The moments of one window, and what follows from them.
struct SsimMoments {
  double a, b, aa, bb, ab;  // sums of w a, w b, w a^2, w b^2, w a b
};
double ssim_value(const SsimMoments& m, double range);
// dS / d(sum w a), d(sum w a^2), d(sum w a b).
std::array<double, 3> ssim_derivative(const SsimMoments& m, double range);

// inputs: a, b, range; outputs: y.
void ssim_reference(const Call& call);
void ssim_cpu(const Call& call);
void ssim_cuda(const Call& call);
size_t ssim_cpu_workspace(const Shape& image);
size_t ssim_cuda_workspace(const Shape& image);
// inputs: dy, a, b, range; outputs: da. For the other image's gradient exchange a and b.
void ssim_gradient_reference(const Call& call);
void ssim_gradient_cpu(const Call& call);
void ssim_gradient_cuda(const Call& call);
size_t ssim_gradient_cpu_workspace(const Shape& image);
size_t ssim_gradient_cuda_workspace(const Shape& image);

}  // namespace nram::kernels
