"""Log lines that people's trainers really print, by kind; each line was once read wrongly."""

import pytest

from academy.jobs.metrics import TrainingMetricsParser

READ = {
    # an evaluation's own bar is not the training's progress
    "Calculating loss...:  40%|████      | 8/20 [00:02<00:03,  4.1it/s]": {},
    "Computing the validation loss: 100%|██████████| 9/9 [00:02<00:00,  4.1it/s]": {},
    "Estimating perplexity: 50%|█████     | 3/6 [00:02<00:02,  1.1it/s]": {},
    "val:   [███▉] data=0000077/0000300 loss=1.91250±0.00712 acc=61.40±0.09% t=00:00:41 ETA=00:00:12": {
        "eval_loss": 1.9125,
        "accuracy": 0.614,
    },
    "train: [███▉] data=0000077/0000300 loss=1.80000±0.00712 acc=61.40±0.09%": {
        "loss": 1.8,
        "accuracy": 0.614,
        "step": 77,
        "total_steps": 300,
    },
    # a tracker's summary repeats the run, it is no point of it
    "wandb:           train/loss 0.7741": {},
    "wandb:     train/global_step 90": {},
    "[rank0]: wandb: eval/loss 0.9": {},
    "\x1b[34m\x1b[1mwandb\x1b[0m:           train/epoch 3": {},
    "COMET INFO:     loss [90]                 : (0.4127, 2.8810)": {},
    "COMET INFO:     train_loss                : 0.8123": {},
    # decimal commas
    "Step 40 | loss: 2,4178 | lr: 0,0001": {"step": 40, "loss": 2.4178, "learning_rate": 1e-4},
    "loss: 3,218": {"loss": 3.218},
    "lr: 2,5e-05 loss: 11,75": {"learning_rate": 2.5e-5, "loss": 11.75},
    "{'loss': '1,9034', 'epoch': '0,25'}": {"loss": 1.9034, "epoch": 0.25},
    "Iter 1,200: Train loss 1.310, Tokens/sec 1,402.113": {"step": 1200, "loss": 1.31},
    "Epoche 4/6 - Verlust: 0,377": {"epoch": 4, "total_epochs": 6, "loss": 0.377},
    "Epoka 1/3, strata: 1,25": {"epoch": 1, "total_epochs": 3, "loss": 1.25},
    "Époque 2/3 - perte : 0,94": {"epoch": 2, "total_epochs": 3, "loss": 0.94},
    # place and total under one key
    "{'loss': 0.9, 'epoch': 0.4, 'global_step/max_steps': '31/80', 'percentage': '38.75%'}": {
        "loss": 0.9,
        "epoch": 0.4,
        "step": 31,
        "total_steps": 80,
    },
    "{'loss': 0.9, 'iter/max_iters': '31/80'}": {"loss": 0.9, "step": 31, "total_steps": 80},
    # bar and dictionary on one line
    " 25%|██▌       | 15/60 [00:20<01:00,  1.33s/it]{'loss': 0.61, 'epoch': 0.5}": {
        "step": 15,
        "total_steps": 60,
        "loss": 0.61,
        "epoch": 0.5,
    },
    "{'loss': 0.61, 'epoch': 0.5} 25%|██▌       | 15/60 [00:20<01:00,  1.33s/it]": {
        "step": 15,
        "total_steps": 60,
        "loss": 0.61,
        "epoch": 0.5,
    },
    "100%|██████████| 4/4 [00:01<00:00,  3.1it/s] {'eval_loss': 0.72, 'epoch': 1.0}": {"eval_loss": 0.72, "epoch": 1.0},
    # litgpt
    "val_loss valid: 9.114": {"eval_loss": 9.114},
    "Epoch 1 | iter 64 step 4 | loss train: 2.750, val_loss valid: 3.004": {"epoch": 1, "step": 4, "loss": 2.75, "eval_loss": 3.004},
}


@pytest.mark.parametrize("line", READ)
def test_a_line_of_another_trainer_is_read_as_it_is_meant(line: str) -> None:
    metrics = TrainingMetricsParser().parse_line(line)
    names = ("epoch", "total_epochs", "step", "total_steps", "loss", "eval_loss", "learning_rate", "accuracy", "grad_norm")
    read = {name: value for name in names if metrics and (value := getattr(metrics, name)) is not None}
    assert read == pytest.approx(READ[line])
