// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/dma/service_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

namespace dmasim {
namespace {

struct Node : ServiceNode {};

TEST(ServiceQueue, TheEarliestComesFirst) {
  ServiceQueue queue;
  Node late;
  Node early;
  queue.set(late, 20);
  queue.set(early, 10);
  EXPECT_EQ(queue.first(), &early);
  queue.set(early, 30);
  EXPECT_EQ(queue.first(), &late);
}

TEST(ServiceQueue, NodesOfTheSameTimeTakeTurns) {
  ServiceQueue queue;
  Node first;
  Node second;
  queue.set(second, 5);
  queue.set(first, 10);
  queue.set(second, 10);
  EXPECT_EQ(queue.first(), &first);
  queue.set(first, 20);
  queue.set(second, 20);
  EXPECT_EQ(queue.first(), &first);
}

TEST(ServiceQueue, NeverMeansAbsent) {
  ServiceQueue queue;
  Node node;
  queue.set(node, kNever);
  EXPECT_EQ(queue.first(), nullptr);
  queue.set(node, 1);
  queue.set(node, kNever);
  EXPECT_EQ(queue.first(), nullptr);
  EXPECT_EQ(node.service_at_ns(), kNever);
}

TEST(ServiceQueue, WakesOnceForNodesThatAreCloseTogether) {
  ServiceQueue queue;
  std::array<Node, 4> nodes;
  EXPECT_EQ(queue.wake_up_ns(), kNever);
  queue.set(nodes[0], 100, 50);
  EXPECT_EQ(queue.wake_up_ns(), 100) << "one node has nobody to wait for";
  queue.set(nodes[1], 140, 50);
  EXPECT_EQ(queue.wake_up_ns(), 140);
  queue.set(nodes[2], 150, 50);
  EXPECT_EQ(queue.wake_up_ns(), 150);
  queue.set(nodes[3], 151, 50);
  EXPECT_EQ(queue.wake_up_ns(), 150) << "the first would be late by more than its slack";
}

TEST(ServiceQueue, MakesNoNodeLaterThanItsOwnSlack) {
  ServiceQueue queue;
  std::array<Node, 3> nodes;
  queue.set(nodes[0], 100, 50);
  queue.set(nodes[1], 110, 5);
  queue.set(nodes[2], 120, 50);
  EXPECT_EQ(queue.wake_up_ns(), 110);
  queue.set(nodes[0], 100);
  EXPECT_EQ(queue.wake_up_ns(), 100) << "a node without slack";
}

TEST(ServiceQueue, KeepsOrderUnderRandomChanges) {
  std::mt19937 random(1);
  std::array<Node, 37> nodes;
  ServiceQueue queue;
  for (int step = 0; step < 20000; ++step) {
    Node& node = nodes[random() % nodes.size()];
    queue.set(node, random() % 4 == 0 ? kNever : static_cast<int64_t>(random() % 100));
    const auto least = std::min_element(nodes.begin(), nodes.end(), [](Node& a, Node& b) {
      return a.service_at_ns() < b.service_at_ns();
    });
    if (least->service_at_ns() == kNever) {
      ASSERT_EQ(queue.first(), nullptr);
    } else {
      ASSERT_NE(queue.first(), nullptr);
      ASSERT_EQ(queue.first()->service_at_ns(), least->service_at_ns());
    }
  }
}

}  // namespace
}  // namespace dmasim
