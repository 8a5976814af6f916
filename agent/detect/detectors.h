/* SPDX-License-Identifier: Apache-2.0 */
/* detectors: the names that the registration table in panel.c lists, one file each. */
#pragma once

#include "agent/detect/detector.h"

extern const struct detector NET_SCAN;
extern const struct detector NET_ARP_SPOOF;

extern const struct detector PAY_AMOUNT;
extern const struct detector PAY_CARD_NUMBER_EXPOSED;
extern const struct detector PAY_CARD_TESTING;
extern const struct detector PAY_REFUND;
extern const struct detector PAY_VELOCITY;
extern const struct detector NET_YARA;
extern const struct detector NET_BEACON;
extern const struct detector NET_NEW_DEVICE;
extern const struct detector NET_VOLUME;
