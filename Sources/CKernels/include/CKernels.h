#pragma once
// Inner loops of Graft. Every function works on the rows [begin, end) it is given and starts no thread; the
// parallel-for below hands out such ranges. `bf16` arguments tell whether a pointer holds bfloat16 (1) or float (0).
#include <stddef.h>
#include <stdint.h>
#include "parallel.h"
#include "convert.h"
#include "elementwise.h"
#include "norm.h"
#include "rotary.h"
#include "activation.h"
#include "attention.h"
#include "crossentropy.h"
#include "optimizer.h"
#include "blocks.h"
#include "decode.h"
#include "product.h"
#include "sha256.h"
