// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/client_call.h"

#include <gtest/gtest.h>

#include "tests/unit/gate.h"

namespace dmasim {
namespace {

class ClientCallTest : public ::testing::Test {
 protected:
  void set(std::function<void()> call) {
    MutexLock guard(lock_);
    call_.set(lock_, std::move(call));
  }
  void want() {
    MutexLock guard(lock_);
    call_.want();
  }
  void make() {
    MutexLock guard(lock_);
    call_.make(lock_);
  }

  Mutex lock_;
  ClientCall call_ DMASIM_GUARDED_BY(lock_);
};

TEST_F(ClientCallTest, IsMadeOnceForAClientThatWaits) {
  int calls = 0;
  set([&calls] { ++calls; });
  make();
  EXPECT_EQ(calls, 0) << "nobody waits";
  want();
  want();
  make();
  make();
  EXPECT_EQ(calls, 1);
}

TEST_F(ClientCallTest, RunsWithoutTheLock) {
  bool unlocked = false;
  set([this, &unlocked] {
    MutexLock guard(lock_);
    unlocked = true;
  });
  want();
  make();
  EXPECT_TRUE(unlocked);
}

TEST_F(ClientCallTest, IsNotMadeWithoutAFunction) {
  want();
  make();
  set([] { ADD_FAILURE(); });
  set({});
  want();
  make();
}

TEST_F(ClientCallTest, HasEndedWhenAnotherFunctionIsSet) {
  Gate entered;
  Gate leave;
  bool ended = false;
  set([&] {
    entered.open();
    leave.wait();
    ended = true;
  });
  want();
  Thread caller;
  ASSERT_TRUE(caller.start({.name = "caller"}, [this] { make(); }));
  entered.wait();
  Thread opener;
  ASSERT_TRUE(opener.start({.name = "opener"}, [&leave] { leave.open(); }));
  set({});
  EXPECT_TRUE(ended);
  caller.join();
  opener.join();
}

}  // namespace
}  // namespace dmasim
