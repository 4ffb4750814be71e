#include "target/persistent_out.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

using Changed = tl::expected<PersistentChange, Outcome>;

constexpr wire::SenseCode kReservationsPreempted{wire::SenseKey::unit_attention, 0x2a, 0x03};
constexpr wire::SenseCode kReservationsReleased{wire::SenseKey::unit_attention, 0x2a, 0x04};
constexpr wire::SenseCode kRegistrationsPreempted{wire::SenseKey::unit_attention, 0x2a, 0x05};
constexpr wire::SenseCode kInvalidRelease{wire::SenseKey::illegal_request, 0x26, 0x04};
constexpr wire::SenseCode kNoRegistrationResources{wire::SenseKey::illegal_request, 0x55, 0x04};

tl::unexpected<Outcome> conflict() {
  return tl::unexpected(Outcome::of(Status::reservation_conflict));
}
tl::unexpected<Outcome> wrong(size_t byte) {
  return tl::unexpected(Outcome::refused(wire::refusal_at(wire::codes::kInvalidFieldInList, byte)));
}
tl::unexpected<Outcome> wrong_cdb(size_t byte) {
  return tl::unexpected(
      Outcome::refused(wire::refusal_of_cdb(wire::codes::kInvalidFieldInCdb, byte)));
}

// One command at work on a copy of the state.
class Change {
 public:
  Change(const PersistentState& state, const InitiatorPort& port, uint16_t relative_port,
         const PersistentRequest& request)
      : port_(port), relative_port_(relative_port), request_(request) {
    result_.next = state;
  }

  Changed carry_out() {
    switch (request_.action) {
      case PersistentAction::register_key: return enter(false);
      case PersistentAction::register_and_ignore: return enter(true);
      default: break;
    }
    const Registration* mine = own();
    if (mine == nullptr || mine->key != request_.key) return conflict();
    switch (request_.action) {
      case PersistentAction::reserve: return reserve();
      case PersistentAction::release: return release();
      case PersistentAction::clear: return clear();
      case PersistentAction::preempt:
      case PersistentAction::preempt_and_abort: return preempt();
      case PersistentAction::register_and_move: return move();
      default: return wrong_cdb(1);
    }
  }

 private:
  PersistentState& next() { return result_.next; }
  Registration* own() { return next().find(port_, relative_port_); }
  bool is_own(const Registration& one) const { return one.is(port_, relative_port_); }

  void tell(const Registration& whom, wire::SenseCode code) {
    if (!is_own(whom)) result_.notices.push_back({whom, code});
  }
  void tell_others(wire::SenseCode code) {
    for (const Registration& one : next().registrations) tell(one, code);
  }

  void end_reservation() {
    next().type.reset();
    for (Registration& one : next().registrations) one.holder = false;
  }
  void hold(PersistentType type) {
    end_reservation();
    next().type = type;
    if (!is_all_registrants(type)) own()->holder = true;
  }
  // SPC-4 5.13.10: RESERVATIONS RELEASED goes to those who lose access by it.
  void release_reservation() {
    const bool registrants_lose = admits_registrants(*next().type);
    end_reservation();
    if (registrants_lose) tell_others(kReservationsReleased);
  }

  Changed done() {
    // SPC-4 6.15.2: all but RESERVE and RELEASE.
    if (request_.action != PersistentAction::reserve &&
        request_.action != PersistentAction::release)
      ++next().generation;
    return std::move(result_);
  }

  // REGISTER, REGISTER AND IGNORE EXISTING KEY (SPC-4 5.13.7, tables 75 and 76).
  Changed enter(bool ignore) {
    const Registration* mine = own();
    if (!ignore && request_.key != (mine != nullptr ? mine->key : 0)) return conflict();
    if (mine != nullptr && request_.for_others) return wrong(20);
    if (request_.action_key == 0) {
      if (mine != nullptr) leave(*mine);
    } else {
      if (Outcome refused = add(port_); !refused.ok()) return tl::unexpected(refused);
      // All or none: what was added so far is in the copy only.
      for (const TransportId& other : request_.ports)
        if (Outcome refused = add_other(other.port); !refused.ok()) return tl::unexpected(refused);
    }
    next().aptpl = request_.aptpl;
    return done();
  }

  // As if the other had sent it with a key of zero (SPC-4 5.13.7). A list may name the sender as well: its name without an ISID does.
  Outcome add_other(const InitiatorPort& port) {
    if (port == port_) return Outcome::good();
    if (next().find(port, relative_port_) != nullptr)
      return Outcome::of(Status::reservation_conflict);
    return add(port);
  }

  // Registers, or changes the key. With ALL_TG_PT registrations of the same port through others of our ports become part of it, if
  // their keys allow that: it is as if the command had come through each of them.
  Outcome add(const InitiatorPort& port) {
    Registration entry{port, relative_port_, request_.all_ports, request_.action_key};
    auto& all = next().registrations;
    bool refused = false;
    std::erase_if(all, [&](const Registration& one) {
      if (!one.is(port, relative_port_) && !(request_.all_ports && one.port == port)) return false;
      refused |= request_.action == PersistentAction::register_key && one.key != request_.key;
      entry.holder |= one.holder;
      entry.all_ports |= one.all_ports;
      return true;
    });
    if (refused) return Outcome::of(Status::reservation_conflict);
    if (all.size() == PersistentState::kMostRegistrations)
      return Outcome::refused(kNoRegistrationResources);
    all.push_back(std::move(entry));
    return Outcome::good();
  }

  // SPC-4 5.13.11.3: unregistering. The reservation ends with its last holder.
  void leave(const Registration& mine) {
    const bool held = next().holds(mine);
    std::erase_if(next().registrations, [&](const Registration& one) { return is_own(one); });
    if (!held) return;
    if (is_all_registrants(*next().type) && !next().registrations.empty()) return;
    release_reservation();
  }

  Changed reserve() {
    if (request_.scope != 0) return wrong_cdb(2);
    const auto type = persistent_type(request_.type);
    if (!type) return wrong_cdb(2);
    if (!next().type) {
      hold(*type);
    } else if (!next().holds(*own()) || next().type != type) {
      return conflict();
    }
    return done();
  }

  Changed release() {
    if (!next().type || !next().holds(*own())) return done();
    if (request_.scope != 0 || static_cast<uint8_t>(*next().type) != request_.type)
      return tl::unexpected(Outcome::refused(kInvalidRelease));
    release_reservation();
    return done();
  }

  Changed clear() {
    tell_others(kReservationsPreempted);
    end_reservation();
    next().registrations.clear();
    return done();
  }

  // SPC-4 5.13.11.2: with the key of the holder (zero where all are holders) the reservation changes hands, with any other
  // only registrations go.
  Changed preempt() {
    const uint64_t victim = request_.action_key;
    if (!next().type) return victim == 0 ? wrong(8) : remove_registrations();
    if (is_all_registrants(*next().type))
      return victim == 0 ? take_reservation() : remove_registrations();
    if (victim == 0) return wrong(8);
    const auto& all = next().registrations;
    const bool of_holder = std::any_of(all.begin(), all.end(), [&](const Registration& one) {
      return one.holder && one.key == victim;
    });
    return of_holder ? take_reservation() : remove_registrations();
  }

  Changed take_reservation() {
    if (request_.scope != 0) return wrong_cdb(2);
    const auto type = persistent_type(request_.type);
    if (!type) return wrong_cdb(2);
    const bool other_type = next().type != type;
    remove([&](const Registration& one) {
      return !is_own(one) && (request_.action_key == 0 || one.key == request_.action_key);
    });
    hold(*type);
    if (other_type) tell_others(kReservationsReleased);
    return done();
  }

  // The key may be that of the nexus itself: it goes as well.
  Changed remove_registrations() {
    if (!remove([&](const Registration& one) { return one.key == request_.action_key; }))
      return conflict();
    if (next().registrations.empty()) end_reservation();
    return done();
  }

  template <class Which>
  bool remove(Which which) {
    bool any = false;
    std::erase_if(next().registrations, [&](const Registration& one) {
      if (!which(one)) return false;
      any = true;
      tell(one, kRegistrationsPreempted);
      if (request_.action == PersistentAction::preempt_and_abort && !is_own(one))
        result_.preempted.push_back(one);
      return true;
    });
    return any;
  }

  // SPC-4 5.13.8.
  Changed move() {
    if (!next().type) return wrong_cdb(1);
    if (!own()->holder) return conflict();  // also where all registrants are holders
    const InitiatorPort& to = request_.ports.front().port;
    if (to == port_) return wrong(24);
    auto& all = next().registrations;
    if (next().find(to, request_.relative_port) == nullptr) {
      if (all.size() == PersistentState::kMostRegistrations)
        return tl::unexpected(Outcome::refused(kNoRegistrationResources));
      all.push_back({to, request_.relative_port, false, request_.action_key});
    }
    own()->holder = false;
    Registration& target = *next().find(to, request_.relative_port);
    target.key = request_.action_key;
    target.holder = true;
    if (request_.unregister)
      std::erase_if(all, [&](const Registration& one) { return is_own(one); });
    next().aptpl = request_.aptpl;
    return done();
  }

  const InitiatorPort& port_;
  uint16_t relative_port_;
  const PersistentRequest& request_;
  PersistentChange result_;
};

}  // namespace

Changed change(const PersistentState& state, const InitiatorPort& port, uint16_t relative_port,
               const PersistentRequest& request) {
  return Change(state, port, relative_port, request).carry_out();
}

}  // namespace libcopyfile::target
