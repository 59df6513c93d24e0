#pragma once
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "worker/contract.h"
#include "worker/dataset.h"
#include "worker/files.h"
#include "worker/flags.h"
#include "worker/manifest.h"
#include "worker/progress.h"
#include "worker/stop_request.h"
#include "worker/termination.h"
#include "worker/train/gang.h"
#include "worker/train/learner.h"
#include "worker/train/saver.h"

namespace berth::worker {

// What a run works with. All of it outlives the run.
struct TrainParts {
  const TrainSettings& settings;
  const Contract& contract;
  const Split& data;
  Learner& learner;
  Gang& gang;
  Saver* saver;  // on rank 0, when there is a checkpoint folder
  Progress& progress;
  const StopRequest& stop;
  const Clock& clock;
  Log& log;
};

// The manifest of this run's checkpoints, but for the step.
Manifest manifest_of(const TrainSettings& settings, const Contract& contract, const Split& data);

// Trains from rank 0's `resumed` state, or from the start when that is empty, to the last step or
// until a stop is asked.
//
//   every rank   compute -> sum over the gang -> apply        the stop votes travel in the sum
//   rank 0       now and then, and at the end: save
//   stop asked   all ranks leave the loop after the same step; rank 0 saves; all agree
//
// Guarantees: the weights at a step are a function of the settings, the data and the gang's size,
// however often the run was interrupted. Gives Done or Checkpointed; `word` is kept up to date
// on the way, so that it holds what is known also when this fails.
Result<Exit> train(const TrainParts& parts, Bytes resumed, LastWord& word);

}  // namespace berth::worker
