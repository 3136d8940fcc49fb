// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/dmatest/layout.h"
#include "tools/dmatest/test_case.h"

namespace dmasim::dmatest {
namespace {

Verdict failed(const char* complaint) {
  return {.outcome = Outcome::failed, .complaint = complaint};
}

int64_t duration_ns(const TestContext& context, size_t bytes) {
  const uint32_t bytes_per_s = context.rig.engine->options().channel.memcpy_bytes_per_s;
  return static_cast<int64_t>(bytes * 1'000'000'000 / bytes_per_s);
}

}  // namespace

Verdict test_memcpy(const TestContext& context) {
  const size_t buf_bytes = context.options.test_buf_bytes;
  const size_t bytes = draw_bytes(context.dice, context.options, 1);
  TestMemory source(buf_bytes, {draw_piece(context.dice, context.options, bytes)});
  TestMemory destination(buf_bytes, {draw_piece(context.dice, context.options, bytes)});
  const auto salt = static_cast<uint32_t>(context.dice.between(0, UINT32_MAX));
  source.make_source(salt);
  destination.make_destination(salt);

  const auto transfer = context.channel.channel().prep_dma_memcpy(
      destination.at(destination.pieces()[0].offset), source.at(source.pieces()[0].offset), bytes);
  if (!transfer) return failed("prep_dma_memcpy is refused");
  TransferRun run(context.channel, context.report, draw_plan(context, duration_ns(context, bytes)));
  const End end = run.run(**transfer);

  if (context.rig.disturb) context.rig.disturb(source.all(), destination.all());
  const size_t moved = end.terminated ? destination.copied_prefix(salt) : bytes;
  Mismatches wrong = source.check_source(salt);
  wrong.add(destination.check_destination(salt, moved));
  return judge(end, moved, bytes, wrong);
}

}  // namespace dmasim::dmatest
