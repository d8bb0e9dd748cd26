/* SPDX-License-Identifier: Apache-2.0 */
#include "base/resident.h"

_Alignas(64) char sts_resident_room[STS_RESIDENT_ROOM_BYTES] STS_RESIDENT_ABOVE_STACK;
