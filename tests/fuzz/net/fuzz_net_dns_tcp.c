/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_protocol.h"

FUZZ_STREAM(DNS, 53)
