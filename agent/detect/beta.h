/* SPDX-License-Identifier: Apache-2.0 */
/* beta: the regularised incomplete beta function, which the tails of Student's t and of the negative
 * binomial are made of (Abramowitz and Stegun 26.5). Pure. */
#pragma once

/* I_x(a, b) for a, b > 0: rises from 0 at x <= 0 to 1 at x >= 1. Ten digits for a, b up to 1e6. */
double beta_lower(double a, double b, double x);
