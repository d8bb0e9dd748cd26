/* SPDX-License-Identifier: Apache-2.0 */
#include "der.h"
