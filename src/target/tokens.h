// The tokens of a target: who holds one may write what it stands for, so they can't be guessed, and each dies of disuse.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "target/rod.h"

namespace libcopyfile::target {

// Any thread. Outlives the uses of its tokens.
class TokenStore {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    std::string device;  // name of the target, which stands in its tokens
    unsigned most_of_initiator = 256;
    uint64_t most_bytes_of_initiator = UINT64_MAX;
    std::function<Clock::time_point()> now = [] { return Clock::now(); };
  };

  // A token that is being used: it does not time out meanwhile, and its time begins anew afterwards.
  class [[nodiscard]] Use {
   public:
    Use(Use&& other) noexcept;
    Use& operator=(Use&&) = delete;
    ~Use();
    const std::shared_ptr<Rod>& rod() const { return rod_; }

   private:
    friend class TokenStore;
    Use(TokenStore& store, uint64_t id, std::shared_ptr<Rod> rod)
        : store_(&store), id_(id), rod_(std::move(rod)) {}
    TokenStore* store_;
    uint64_t id_;
    std::shared_ptr<Rod> rod_;
  };

  explicit TokenStore(Options options) : options_(std::move(options)) {}

  // Whether this initiator may have one more, for so many bytes.
  bool has_room(const std::string& initiator, uint64_t bytes);
  // 5/55/0D where the initiator has too many, or for too many bytes, or the system no random numbers.
  tl::expected<wire::Token, wire::SenseCode> add(std::shared_ptr<Rod> rod,
                                                 const std::string& initiator,
                                                 std::chrono::seconds timeout);
  // 5/23/04 unknown, 05 not as it was made, 06 revoked, 07 expired, 09 deleted. Every byte of the token is compared, in a time that does
  // not tell how many of them were right.
  tl::expected<Use, wire::SenseCode> use(const wire::Token& token);
  void remove(const wire::Token& token);
  // Those of blocks of this unit.
  void revoke(const LogicalUnit& unit);
  // Forgets those whose time is over, and tells when the next one's is.
  Clock::time_point expire();

  // Those that were made for this initiator.
  std::vector<wire::Token> of(const std::string& initiator);
  size_t count() const;
  uint64_t made() const;

 private:
  struct Entry {
    wire::Token token{};
    std::shared_ptr<Rod> rod;
    std::string initiator;
    std::chrono::seconds timeout{};
    Clock::time_point last_used;
    unsigned users = 0;
  };
  // What is left of a token: enough to say why it is gone.
  struct Ended {
    uint64_t id = 0;
    wire::Token token{};
    wire::SenseCode why;
  };
  using Entries = std::map<uint64_t, Entry>;

  // Rods that have ended are destroyed after the lock is given back: freeing the blocks of a large file takes its time.
  using Dead = std::vector<std::shared_ptr<Rod>>;
  Entries::iterator end(Entries::iterator entry, wire::SenseCode why, Dead& dead);
  Clock::time_point expire(Dead& dead);
  bool fits(const std::string& initiator, uint64_t bytes) const;
  void used(uint64_t id);
  wire::SenseCode why_gone(uint64_t id, const wire::Token& token) const;

  static constexpr size_t kMostEnded = 256;
  const Options options_;
  mutable std::mutex mutex_;
  Entries entries_;
  std::deque<Ended> ended_;
  uint64_t made_ = 0;
};

}  // namespace libcopyfile::target
