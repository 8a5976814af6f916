// SPDX-License-Identifier: Apache-2.0
// What the person may do, to leave out what the collector would refuse (collector/rights.h decides).
import { me } from "./state.js";

const has = (...roles) => roles.includes(me.value?.role);
export const mayFleet = () => has("admin", "technician");
export const mayPeople = () => has("admin");
