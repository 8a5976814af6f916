// SPDX-License-Identifier: Apache-2.0
// What the person may do, to leave out what the collector would refuse (collector/rights.h decides).
import { me } from "./state.js";

export const may = (right) => Boolean(me.value?.rights?.includes(right));
export const mayTriage = () => may("triage");
export const mayFleet = () => may("fleet");
export const mayPeople = () => may("people");
export const mayAudit = () => may("audit");
