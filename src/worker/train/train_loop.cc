#include "worker/train/train_loop.h"

#include <cmath>
#include <utility>

#include "worker/sampler.h"

namespace berth::worker {
namespace {

class TrainRun {
 public:
  TrainRun(const TrainParts& parts, LastWord& word)
      : parts_(parts),
        word_(word),
        sampler_(parts_.data.train.size(), parts_.settings.batch_size, parts_.settings.seed),
        steps_(parts_.settings.epochs * sampler_.steps_per_epoch()) {}

  Result<Exit> run(Bytes resumed);

 private:
  bool is_first() const { return parts_.contract.rank == 0; }
  int64_t step() const { return parts_.learner.step(); }

  Status check_same_settings();
  Status begin(Bytes resumed);
  Result<bool> one_step();
  Status after_step(double loss);
  void keep_pace() const;
  Status evaluate();
  Result<Exit> stop_early();
  Result<Exit> finish();
  Status conclude();
  std::filesystem::path model_path() const;
  Status save_model();
  Result<Exit> agree(Exit exit, const Status& mine);

  const TrainParts& parts_;
  LastWord& word_;
  Sampler sampler_;
  int64_t steps_;
  int64_t first_step_ = 0;
  Monotonic started_;
};

Result<Exit> TrainRun::run(Bytes resumed) {
  BERTH_TRY(check_same_settings());
  BERTH_TRY(begin(std::move(resumed)));
  while (step() < steps_) {
    const bool stop_asked = BERTH_TRY(one_step());
    if (stop_asked && step() < steps_) return stop_early();
    if (parts_.saver) BERTH_TRY(parts_.saver->save_when_due(parts_.learner));
    keep_pace();
  }
  return finish();
}

// Workers that were started differently would add up gradients of different things.
Status TrainRun::check_same_settings() {
  Manifest last = manifest_of(parts_.settings, parts_.contract, parts_.data);
  last.step = steps_;
  const std::string text = to_json(StoredManifest{.manifest = last});
  const Bytes mine(bytes_of(text).begin(), bytes_of(text).end());
  Bytes first = mine;
  BERTH_TRY(parts_.gang.share_from_first(first));
  if (first == mine) return Done{};
  return Error{Code::Invalid, "this worker has other flags, data or attempt than rank 0"};
}

// Everybody starts from the bytes of rank 0, so that no two ranks can start from different ones.
Status TrainRun::begin(Bytes resumed) {
  Learner& learner = parts_.learner;
  Bytes state = resumed.empty() ? learner.state() : std::move(resumed);
  BERTH_TRY(parts_.gang.share_from_first(state));
  BERTH_TRY(learner.restore(state));
  first_step_ = word_.step = step();
  started_ = parts_.clock.monotonic();
  parts_.progress.start(step(), steps_);
  parts_.log.info("training starts", {{"step", std::to_string(step())},
                                      {"steps", std::to_string(steps_)},
                                      {"device", learner.device()},
                                      {"gang", parts_.gang.backend()},
                                      {"parameters", std::to_string(learner.parameters())}});
  return Done{};
}

// True when some rank was asked to stop; then it is true on all ranks.
Result<bool> TrainRun::one_step() {
  const Contract& contract = parts_.contract;
  const int64_t number = step();
  const auto share = sampler_.share(number, contract.rank, contract.world_size);
  const uint64_t seed = mix_seed(parts_.settings.seed, static_cast<uint64_t>(number),
                                 static_cast<uint64_t>(contract.rank));
  BERTH_TRY(parts_.learner.compute(share, seed, parts_.stop.requested()));
  BERTH_TRY(parts_.gang.sum(parts_.learner.exchange()));
  const StepSum sum = BERTH_TRY(parts_.learner.apply());
  word_.step = step();
  parts_.progress.step_done(step(), static_cast<int64_t>(share.size()), sum.loss);
  BERTH_TRY(after_step(sum.loss));
  return sum.stop_asked;
}

Status TrainRun::after_step(double loss) {
  if (!std::isfinite(loss)) {
    return Error{Code::Invalid, "the loss is not a number after step " + std::to_string(step()) +
                                    ": lower --learning-rate"};
  }
  if (!is_first() || step() % sampler_.steps_per_epoch() != 0) return Done{};
  BERTH_TRY(evaluate());
  parts_.log.info("epoch done", {{"epoch", std::to_string(step() / sampler_.steps_per_epoch())},
                                 {"step", std::to_string(step())},
                                 {"loss", std::to_string(loss)},
                                 {"heldOutLoss", std::to_string(word_.quality->loss)},
                                 {"heldOutAccuracy", std::to_string(word_.quality->accuracy)}});
  return Done{};
}

void TrainRun::keep_pace() const {
  const double rate = parts_.settings.steps_per_second_max;
  if (rate <= 0) return;
  const auto due_ms = static_cast<int64_t>(static_cast<double>(step() - first_step_) * 1000 / rate);
  parts_.stop.wait_for(started_ + Millis(due_ms) - parts_.clock.monotonic());
}

Status TrainRun::evaluate() {
  word_.quality = BERTH_TRY(parts_.learner.evaluate(parts_.data.held_out));
  return Done{};
}

Result<Exit> TrainRun::stop_early() {
  parts_.log.info("asked to stop", {{"step", std::to_string(step())}});
  Status saved = Done{};
  if (parts_.saver) {
    saved = parts_.saver->save_now(parts_.learner);
  } else if (!parts_.contract.checkpoint_dir) {
    saved = Error{Code::Unavailable,
                  "asked to stop with nowhere to checkpoint: "
                  "BERTH_CHECKPOINT_DIR is not set"};
  }
  return agree(Exit::Checkpointed, saved);
}

Result<Exit> TrainRun::finish() { return agree(Exit::Done, is_first() ? conclude() : Done{}); }

// The last checkpoint makes a repeated attempt return at once, should the others end badly.
Status TrainRun::conclude() {
  BERTH_TRY(evaluate());
  // First, because it is refused to an attempt that a newer one has overtaken.
  if (parts_.saver) BERTH_TRY(parts_.saver->save_now(parts_.learner));
  BERTH_TRY(save_model());
  parts_.log.info("training done", {{"step", std::to_string(step())},
                                    {"heldOutLoss", std::to_string(word_.quality->loss)},
                                    {"heldOutAccuracy", std::to_string(word_.quality->accuracy)},
                                    {"weightsSha256", parts_.learner.weights_sha256()}});
  return Done{};
}

// Where the launcher gives a folder that outlives the pod, the model lies in it unless told else.
std::filesystem::path TrainRun::model_path() const {
  if (!parts_.settings.output.empty() || !parts_.contract.checkpoint_dir) {
    return parts_.settings.output;
  }
  return *parts_.contract.checkpoint_dir / "model" / "model.pt";
}

Status TrainRun::save_model() {
  const std::filesystem::path path = model_path();
  if (path.empty()) return Done{};
  if (path.has_parent_path()) BERTH_TRY(make_directories(path.parent_path()));
  const Bytes model = BERTH_TRY(parts_.learner.torch_script());
  const std::string digest = sha256_hex(model);
  BERTH_TRY(replace_file(path, model));
  std::filesystem::path beside = path;
  beside += ".sha256";
  // As sha256sum writes it, so that `sha256sum -c` checks it.
  BERTH_TRY(replace_file(beside, bytes_of(digest + "  " + path.filename().string() + "\n")));
  word_.model = SavedModel{"file://" + std::filesystem::absolute(path).string(), digest};
  parts_.log.info("model saved", {{"path", path.string()}, {"sha256", digest}});
  return Done{};
}

// No rank ends well unless all do: what one reports is true of the gang.
Result<Exit> TrainRun::agree(Exit exit, const Status& mine) {
  const auto all = parts_.gang.all_agree(mine.ok());
  if (!mine.ok()) return mine.error();
  if (!all.ok()) return all.error();
  if (*all) return exit;
  return Error{Code::Unavailable, "another worker of the gang failed at the end; its log says how"};
}

}  // namespace

Manifest manifest_of(const TrainSettings& settings, const Contract& contract, const Split& data) {
  return Manifest{.job = contract.job,
                  .attempt = contract.attempt,
                  .world_size = contract.world_size,
                  .run = {.model = settings.model,
                          .data_sha256 = data.sha256,
                          .seed = settings.seed,
                          .batch_size = settings.batch_size,
                          .learning_rate = settings.learning_rate}};
}

Result<Exit> train(const TrainParts& parts, Bytes resumed, LastWord& word) {
  return TrainRun(parts, word).run(std::move(resumed));
}

}  // namespace berth::worker
