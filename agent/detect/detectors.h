/* SPDX-License-Identifier: Apache-2.0 */
/* detectors: the names that the registration table in panel.c lists, one file each. */
#pragma once

#include "agent/detect/detector.h"

extern const struct detector NET_SCAN;
extern const struct detector NET_ARP_SPOOF;
