#include "worker/train/gang.h"

#include <ATen/Functions.h>

#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#ifdef USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include <utility>
#include <vector>

#include "worker/train/guarded.h"
#include "worker/train/local_address.h"
#include "worker/train/solo_gang.h"

namespace berth::worker {
namespace {

constexpr Millis kTryConnect{2000};  // so that a stop is noticed between tries
constexpr Millis kPollJoined{50};

// A gang over one of torch's process groups, Gloo or NCCL.
template <class Group>
class C10dGang final : public Gang {
 public:
  C10dGang(c10::intrusive_ptr<Group> group, c10::intrusive_ptr<c10d::Store> store,
           at::Device device)
      : store_(std::move(store)), group_(std::move(group)), device_(device) {}

  Status sum(at::Tensor& flat) override {
    return guarded("sum over the gang", [&]() -> Status {
      std::vector<at::Tensor> tensors = {flat.to(device_)};
      group_->allreduce(tensors)->wait();
      if (!tensors[0].is_same(flat)) flat.copy_(tensors[0]);
      return Done{};
    });
  }

  Status share_from_first(Bytes& bytes) override {
    return guarded("share what rank 0 has", [&]() -> Status {
      std::vector<at::Tensor> size = {
          at::full({1}, static_cast<int64_t>(bytes.size()), at::kLong).to(device_)};
      group_->broadcast(size)->wait();
      bytes.resize(static_cast<size_t>(size[0].item().toLong()));
      const at::Tensor here =
          at::from_blob(bytes.data(), {static_cast<int64_t>(bytes.size())}, at::kByte);
      std::vector<at::Tensor> payload = {here.to(device_)};
      group_->broadcast(payload)->wait();
      if (!payload[0].is_same(here)) here.copy_(payload[0]);
      return Done{};
    });
  }

  Result<bool> all_agree(bool mine) override {
    at::Tensor against = at::full({1}, mine ? 0.0 : 1.0, at::kFloat);
    BERTH_TRY(sum(against));
    return against.item().toFloat() == 0;
  }

  std::string backend() const override { return group_->getBackendName(); }

 private:
  c10::intrusive_ptr<c10d::Store>
      store_;  // on rank 0 this is the server: it must outlive the group
  c10::intrusive_ptr<Group> group_;
  at::Device device_;  // where the group wants its tensors
};

// Meets the other workers in a store that rank 0 serves.
class Rendezvous {
 public:
  Rendezvous(const Contract& contract, Monotonic deadline, const StopRequest& stop,
             const Clock& clock)
      : contract_(contract), deadline_(deadline), stop_(stop), clock_(clock) {}

  Result<c10::intrusive_ptr<c10d::Store>> meet() {
    auto store = BERTH_TRY(open_store());
    const Status met = guarded("rank 0 left before the gang was whole", [&]() -> Status {
      store->set(key(contract_.rank), std::vector<uint8_t>{1});
      for (int rank = 0; rank < contract_.world_size; ++rank) {
        while (!store->check({key(rank)})) BERTH_TRY(wait_a_little(kPollJoined, rank));
      }
      return Done{};
    });
    if (!met.ok()) return stop_.requested() ? stopped() : met.error();
    return store;
  }

 private:
  static std::string key(int rank) { return "berth/joined/" + std::to_string(rank); }

  static Error stopped() { return Error{Code::Expired, "asked to stop before the gang was whole"}; }

  // Rank 0 serves, and reaches itself by loopback: its name may not be in the DNS yet.
  Result<c10::intrusive_ptr<c10d::Store>> open_store() {
    c10d::TCPStoreOptions options;
    options.port = contract_.master_port;
    options.isServer = contract_.rank == 0;
    options.waitWorkers = false;
    options.timeout = kTryConnect;
    const std::string host = options.isServer ? "127.0.0.1" : contract_.master_address;
    for (;;) {
      auto opened =
          guarded("serve the rendezvous", [&]() -> Result<c10::intrusive_ptr<c10d::Store>> {
            return c10::intrusive_ptr<c10d::Store>(
                c10::make_intrusive<c10d::TCPStore>(host, options));
          });
      if (opened.ok() || options.isServer) return opened;
      BERTH_TRY(wait_a_little(kPollJoined, 0));
    }
  }

  Status wait_a_little(Millis time, int missing_rank) {
    if (stop_.requested()) return stopped();
    if (clock_.monotonic() >= deadline_) {
      return Error{Code::Timeout, "rank " + std::to_string(missing_rank) + " of " +
                                      std::to_string(contract_.world_size) +
                                      " did not appear in time at " + contract_.master_address +
                                      ":" + std::to_string(contract_.master_port)};
    }
    stop_.wait_for(time);
    return Done{};
  }

  const Contract& contract_;
  Monotonic deadline_;
  const StopRequest& stop_;
  const Clock& clock_;
};

#ifdef USE_C10D_GLOO
std::unique_ptr<Gang> gang_on_gloo(const Contract& contract, std::chrono::seconds patience,
                                   c10::intrusive_ptr<c10d::Store> store) {
  using Gloo = c10d::ProcessGroupGloo;
  auto options = Gloo::Options::create(patience);
  const auto address = local_address_towards(contract.master_address, contract.master_port);
  options->devices.push_back(address ? Gloo::createDeviceForHostname(*address)
                                     : Gloo::createDefaultDevice());
  auto group = c10::make_intrusive<Gloo>(store, contract.rank, contract.world_size, options);
  return std::make_unique<C10dGang<Gloo>>(std::move(group), std::move(store), at::kCPU);
}

#endif

#ifdef USE_C10D_NCCL
std::unique_ptr<Gang> gang_on_nccl(const Contract& contract, std::chrono::seconds patience,
                                   c10::intrusive_ptr<c10d::Store> store) {
  using Nccl = c10d::ProcessGroupNCCL;
  auto options = Nccl::Options::create();
  options->timeout = patience;
  auto group = c10::make_intrusive<Nccl>(store, contract.rank, contract.world_size, options);
  return std::make_unique<C10dGang<Nccl>>(std::move(group), std::move(store),
                                          at::Device(at::kCUDA, 0));
}
#endif

// NCCL between CUDA devices, else Gloo through host memory, as far as they were built in.
Result<std::unique_ptr<Gang>> make_group([[maybe_unused]] const Contract& contract,
                                         [[maybe_unused]] std::chrono::seconds patience,
                                         [[maybe_unused]] bool on_cuda,
                                         [[maybe_unused]] c10::intrusive_ptr<c10d::Store> store) {
#ifdef USE_C10D_NCCL
  if (on_cuda) return gang_on_nccl(contract, patience, std::move(store));
#endif
#ifdef USE_C10D_GLOO
  return gang_on_gloo(contract, patience, std::move(store));
#else
  return Error{Code::Invalid, "built without Gloo: more than one worker needs CUDA devices"};
#endif
}

}  // namespace

Result<std::unique_ptr<Gang>> join_gang(const Contract& contract, const GangTimeouts& timeouts,
                                        bool on_cuda, const StopRequest& stop, const Clock& clock) {
  if (contract.world_size == 1) return std::unique_ptr<Gang>(std::make_unique<SoloGang>());
  Rendezvous rendezvous(contract, clock.monotonic() + timeouts.rendezvous, stop, clock);
  auto store = BERTH_TRY(rendezvous.meet());
  return guarded("connect the gang", [&]() -> Result<std::unique_ptr<Gang>> {
    store->setTimeout(timeouts.peer);
    return make_group(contract, timeouts.peer, on_cuda, std::move(store));
  });
}

}  // namespace berth::worker
