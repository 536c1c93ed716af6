#include "Async.h"
#include "Decoder.h"
using namespace ptx;
void ptx::addWgmma(DecodeTable &) {}
