// SPDX-License-Identifier: LGPL-2.1-or-later
/// Copies of the state of a run at some of its choice points. The deepest one is the last.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace dmasim::sim {

class Images {
 public:
  /// Writes the image that was added last.
  class Writer {
   public:
    explicit Writer(std::byte* at) : at_(at) {}
    void put(const void* from, size_t bytes) {
      std::memcpy(at_, from, bytes);
      at_ += bytes;
    }
    [[nodiscard]] const std::byte* at() const { return at_; }

   private:
    std::byte* at_;
  };

  class Reader {
   public:
    explicit Reader(const std::byte* at) : at_(at) {}
    void get(void* to, size_t bytes) {
      std::memcpy(to, at_, bytes);
      at_ += bytes;
    }

   private:
    const std::byte* at_;
  };

  Images();
  ~Images();
  Images(const Images&) = delete;
  Images& operator=(const Images&) = delete;

  /// How many choice points precede that of the last image; -1 if there is no image.
  [[nodiscard]] int depth() const { return all_.empty() ? -1 : all_.back().depth; }
  [[nodiscard]] bool has_room(size_t bytes) const;
  /// Adds an image. has_room() must have been true for its size.
  Writer add(int depth);
  void end(const Writer& writer) { end_ = static_cast<size_t>(writer.at() - memory_); }
  [[nodiscard]] Reader last() const { return Reader(memory_ + all_.back().begin); }
  /// Forgets the images of choice points that are deeper.
  void forget_behind(int depth);

 private:
  struct Image {
    int depth;
    size_t begin;
  };
  std::byte* memory_;
  size_t end_ = 0;
  std::vector<Image> all_;
};

}  // namespace dmasim::sim
