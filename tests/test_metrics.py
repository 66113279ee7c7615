"""Lines that real trainers print, and lines that look like metrics and are none."""

# The lines stand here as they were printed.
# ruff: noqa: E501, C408

import math
import random
from typing import Any

import pytest

from academy.jobs import metrics
from academy.jobs.metrics import TrainingMetrics, TrainingMetricsParser

FIELDS = [name for name in TrainingMetrics.__slots__ if name not in ("raw_line", "progress_percent")]

# Each line with all that it says; what is not named must be None.
LINES = {
    # the documented forms
    "Epoch 1/3": dict(epoch=1, total_epochs=3),
    "Epoch: 1/3": dict(epoch=1, total_epochs=3),
    "epoch 2 of 10": dict(epoch=2, total_epochs=10),
    "Loss: 0.45": dict(loss=0.45),
    "loss=0.45": dict(loss=0.45),
    "loss 0.45": dict(loss=0.45),
    "lr: 2e-4": dict(learning_rate=2e-4),
    "Learning rate: 0.0002": dict(learning_rate=2e-4),
    "Step 100/1000": dict(step=100, total_steps=1000),
    "Step 1,000/10,000 - loss: 1,234.5": dict(step=1000, total_steps=10000, loss=1234.5),
    "Accuracy: 85%": dict(accuracy=0.85),
    "accuracy: 0.85": dict(accuracy=0.85),
    "Epoch 1/3 - Loss: 0.45 - lr: 2e-4 - Accuracy: 85.5%": dict(epoch=1, total_epochs=3, loss=0.45, learning_rate=2e-4, accuracy=0.855),
    "Epoch 2/3, Step 50/100, Loss: 1.2e-1": dict(epoch=2, total_epochs=3, step=50, total_steps=100, loss=0.12),
    # transformers 5, 4; TRL; Unsloth; axolotl; LLaMA-Factory
    "{'loss': '6.239', 'grad_norm': '1.25', 'learning_rate': '2e-05', 'epoch': '0.5'}": dict(
        loss=6.239, grad_norm=1.25, learning_rate=2e-5, epoch=0.5
    ),
    "{'loss': 1.8234, 'learning_rate': 4.9e-05, 'epoch': 0.03}": dict(loss=1.8234, learning_rate=4.9e-5, epoch=0.03),
    "{'eval_loss': 0.512, 'eval_runtime': 1.2, 'eval_samples_per_second': 83.1, 'epoch': 1.0}": dict(eval_loss=0.512, epoch=1),
    "{'eval_loss': '0.512', 'eval_accuracy': '0.91', 'epoch': '2'}": dict(eval_loss=0.512, epoch=2, accuracy=0.91),
    "{'train_runtime': 12.3, 'train_samples_per_second': 81.2, 'train_loss': 0.93, 'epoch': 3.0}": dict(epoch=3),
    "{'train_runtime': '12.3', 'train_steps_per_second': '1.2', 'train_loss': '0.93', 'epoch': '3'}": dict(epoch=3),
    "{'loss': 2.1, 'grad_norm': 0.9, 'learning_rate': 0.0002, 'entropy': 1.9, 'num_tokens': 5120.0, 'mean_token_accuracy': 0.61, 'epoch': 0.1}": dict(
        loss=2.1, grad_norm=0.9, learning_rate=2e-4, accuracy=0.61, epoch=0.1
    ),
    "{'loss': 0.69, 'rewards/chosen': 0.01, 'rewards/rejected': 0.0, 'rewards/accuracies': 0.75, 'epoch': 0.2}": dict(
        loss=0.69, accuracy=0.75, epoch=0.2
    ),
    "{'loss': 'nan', 'grad_norm': 'inf', 'learning_rate': '0.0', 'epoch': '1.5'}": dict(
        loss=math.nan, grad_norm=math.inf, learning_rate=0.0, epoch=1.5
    ),
    "{'loss': 0.0, 'grad_norm': nan, 'learning_rate': 5e-05, 'epoch': 0.01}": dict(
        loss=0.0, grad_norm=math.nan, learning_rate=5e-5, epoch=0.01
    ),
    "[INFO|2025-01-01 10:00:00] llamafactory.train.callbacks:143 >> {'loss': 0.1234, 'learning_rate': 4.9e-05, 'epoch': 0.10, 'throughput': 123.4}": dict(
        loss=0.1234, learning_rate=4.9e-5, epoch=0.1
    ),
    '{"current_steps": 10, "total_steps": 100, "loss": 0.5, "lr": 5e-05, "epoch": 0.3, "percentage": 10.0, "elapsed_time": "0:00:10"}': dict(
        step=10, total_steps=100, loss=0.5, learning_rate=5e-5, epoch=0.3
    ),
    " 10%|█         | 6/60 [00:08<01:10,  1.30s/it]": dict(step=6, total_steps=60),
    "100%|██████████| 60/60 [01:18<00:00,  1.31s/it]": dict(step=60, total_steps=60),
    " 33%|███▎      | 20/60 [00:26<00:52,  1.31s/it]\r{'loss': 0.5, 'epoch': 1.0}": dict(step=20, total_steps=60, loss=0.5, epoch=1),
    " [ 36/189 00:15 < 01:08, 2.22 it/s, Epoch 0.56/3]": dict(step=36, total_steps=189, epoch=0.56, total_epochs=3),
    # Lightning
    "Epoch 0:  50%|█████     | 10/20 [00:01<00:01,  9.50it/s, v_num=0, train_loss=0.45]": dict(epoch=0, step=10, total_steps=20, loss=0.45),
    "Epoch 3: 100%|██████████| 20/20 [00:02<00:00,  9.5it/s, v_num=12, train_loss_step=0.402, val_loss=0.512, train_loss_epoch=0.433]": dict(
        epoch=3, step=20, total_steps=20, loss=0.402, eval_loss=0.512
    ),
    "Epoch 0/9 ━━━━━━━━━━━━━━━━━━━━ 10/20 0:00:01 • 0:00:01 9.50it/s v_num: 0.000 train_loss: 0.451": dict(
        epoch=0, total_epochs=9, step=10, total_steps=20, loss=0.451
    ),
    "Epoch 1, global step 100: 'val_loss' reached 0.51234 (best 0.51234), saving model to 'epoch=1-step=100.ckpt' as top 1": dict(
        epoch=1, step=100
    ),
    "Epoch 0: :   5%|▌         | 50/1000 [00:10<03:10, v_num=a1, reduced_train_loss=2.345, global_step=49.00, lr=0.0001]": dict(
        epoch=0, step=50, total_steps=1000, loss=2.345, learning_rate=1e-4
    ),
    # Keras 3 and 2
    "\x1b[1m50/100\x1b[0m \x1b[32m━━━━━━━━━━\x1b[0m\x1b[37m━━━━━━━━━━\x1b[0m \x1b[1m1s\x1b[0m 5ms/step - accuracy: 0.8500 - loss: 0.4500": dict(
        step=50, total_steps=100, accuracy=0.85, loss=0.45
    ),
    "100/100 ━━━━━━━━━━━━━━━━━━━━ 1s 5ms/step - accuracy: 0.85 - loss: 0.45 - val_accuracy: 0.81 - val_loss: 0.52": dict(
        step=100, total_steps=100, accuracy=0.85, loss=0.45, eval_loss=0.52
    ),
    "1875/1875 [==============================] - 5s 3ms/step - loss: 0.2961 - accuracy: 0.9139": dict(
        step=1875, total_steps=1875, loss=0.2961, accuracy=0.9139
    ),
    " 32/1875 [..............................] - ETA: 5s - loss: 2.1 - acc: 0.3": dict(step=32, total_steps=1875, loss=2.1, accuracy=0.3),
    "Epoch 00001: val_loss improved from inf to 0.52, saving model to best.h5": dict(epoch=1),
    # plain PyTorch
    "[epoch 1, batch 100] loss: 0.45": dict(epoch=1, step=100, loss=0.45),
    "[1,  2000] loss: 2.164": dict(epoch=1, step=2000, loss=2.164),
    "Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.300": dict(epoch=1, step=640, total_steps=60000, loss=2.3),
    "Test set: Average loss: 0.0480, Accuracy: 9845/10000 (98%)": dict(eval_loss=0.048, accuracy=0.9845),
    "loss: 2.303494  [   64/60000]": dict(loss=2.303494, step=64, total_steps=60000),
    "Epoch [1/10], Step [100/600], Loss: 0.4512": dict(epoch=1, total_epochs=10, step=100, total_steps=600, loss=0.4512),
    "  batch 1000 loss: 1.6334": dict(step=1000, loss=1.6334),
    "LOSS train 0.4012 valid 0.5123": dict(loss=0.4012, eval_loss=0.5123),
    "Epoch: 1 | train_loss: 0.45 | train_acc: 0.81 | test_loss: 0.5 | test_acc: 0.78": dict(
        epoch=1, loss=0.45, accuracy=0.81, eval_loss=0.5
    ),
    "\tTrain Loss: 0.451 | Train Acc: 81.20%": dict(loss=0.451, accuracy=0.812),
    "\t Val. Loss: 0.512 |  Val. Acc: 78.90%": dict(eval_loss=0.512, accuracy=0.789),
    "Epoch: [0][  10/5005]\tTime  0.5 ( 0.6)\tData  0.1 ( 0.2)\tLoss 6.91e+00 (7.00e+00)\tAcc@1   0.39 (  0.10)\tAcc@5   1.56 (  0.50)": dict(
        epoch=0, step=10, total_steps=5005, loss=6.91, accuracy=0.0039
    ),
    "Train: [3/300][100/1251]\teta 0:10:00 lr 0.000001\ttime 0.5 (0.5)\tloss 6.9123 (7.0)\tgrad_norm 1.2 (1.3)\tmem 1234MB": dict(
        epoch=3, total_epochs=300, step=100, total_steps=1251, learning_rate=1e-6, loss=6.9123, grad_norm=1.2
    ),
    "Train: 0 [  50/1251 (  4%)]  Loss: 6.912 (6.95)  Time: 0.5s, 500/s  LR: 1.000e-06  Data: 0.01": dict(
        epoch=0, step=50, total_steps=1251, loss=6.912, learning_rate=1e-6
    ),
    "loss: tensor(0.4512, device='cuda:0', grad_fn=<NllLossBackward0>)": dict(loss=0.4512),
    "epoch=3 step=120 loss=np.float32(0.25)": dict(epoch=3, step=120, loss=0.25),
    "iter 100: loss 2.3456, time 123.45ms, mfu 5.01%": dict(step=100, loss=2.3456),
    "step 250: train loss 1.9012, val loss 2.0123": dict(step=250, loss=1.9012, eval_loss=2.0123),
    "2024-01-01 12:00:00,123 - INFO - step 100 - loss: 0.45": dict(step=100, loss=0.45),
    "Epoch 5: train_loss=0.41 val_loss=nan": dict(epoch=5, loss=0.41, eval_loss=math.nan),
    "Training loss: 0.33, Validation loss: 0.44": dict(loss=0.33, eval_loss=0.44),
    "[Validation] epoch 3 loss: 0.44": dict(epoch=3, eval_loss=0.44),
    "step=10 train/loss=1.5 train/lr=0.001 eval/loss=1.6": dict(step=10, loss=1.5, learning_rate=1e-3, eval_loss=1.6),
    "loss: -inf": dict(loss=-math.inf),
    "Loss: NaN": dict(loss=math.nan),
    "loss: 1.5E+01": dict(loss=15.0),
    "loss: .5": dict(loss=0.5),
    # large-scale trainers
    " iteration      100/    1000 | consumed samples:        51200 | elapsed time per iteration (ms): 320.1 | learning rate: 1.500E-04 | "
    "global batch size:   512 | lm loss: 2.345678E+00 | loss scale: 65536.0 | grad norm: 1.234 | number of skipped iterations:   0 |": dict(
        step=100, total_steps=1000, learning_rate=1.5e-4, loss=2.345678, grad_norm=1.234
    ),
    "validation loss at iteration 1000 | lm loss value: 2.3E+00 | lm loss PPL: 9.9E+00 |": dict(step=1000, eval_loss=2.3),
    "[2024-01-01 10:00:00,000] [INFO] [logging.py:96:log_dist] [Rank 0] step=10, skipped=0, lr=[2e-05, 2e-05], mom=[(0.9, 0.95)]": dict(
        step=10, learning_rate=2e-5
    ),
    "2024-01-01 10:00:00 | INFO | train_inner | epoch 001:    100 / 1000 loss=5.123, nll_loss=4.9, ppl=34.8, wps=1, num_updates=100, lr=0.0003, gnorm=1.2": dict(
        epoch=1, step=100, total_steps=1000, loss=5.123, learning_rate=3e-4, grad_norm=1.2
    ),
    "| valid | epoch 002 | valid on 'valid' subset | loss 4.9 | nll_loss 3.3 | ppl 9.8 | num_updates 2000 | best_loss 4.9": dict(
        epoch=2, eval_loss=4.9, step=2000
    ),
    "[batch=10/1000]:": dict(step=10, total_steps=1000),
    "\t Train loss/train/total: 2.3456": dict(loss=2.3456),
    "2024/01/01 10:00:00 - mmengine - INFO - Epoch(train)  [1][ 10/100]  lr: 2.0000e-04  eta: 0:01:30  time: 0.5  loss: 0.4567  loss_cls: 0.3": dict(
        epoch=1, step=10, total_steps=100, learning_rate=2e-4, loss=0.4567
    ),
    "2024/01/01 10:00:00 - mmengine - INFO - Iter(train) [ 10/1000]  base_lr: 2.0e-04 lr: 1.0e-04  eta: 0:01:30  loss: 1.2300": dict(
        step=10, total_steps=1000, learning_rate=1e-4, loss=1.23
    ),
    "Iter 10: Train loss 2.345, Learning Rate 1.000e-05, It/sec 1.2, Tokens/sec 123.4, Trained Tokens 1234, Peak mem 5.6 GB": dict(
        step=10, loss=2.345, learning_rate=1e-5
    ),
    "Iter 1: Val loss 2.345, Val took 5.6s": dict(step=1, eval_loss=2.345),
    "1|25|Loss: 1.2345:   5%|▌         | 25/500 [00:10<03:10,  2.5it/s]": dict(epoch=1, step=25, total_steps=500, loss=1.2345),
    "Step 1 | loss:1.23 lr:2e-05 tokens_per_second_per_gpu:123.4": dict(step=1, loss=1.23, learning_rate=2e-5),
    "train_opt_callback: iter=    10 sample=11/100 sched=0.100000 loss=2.345678 dt=00:00:10 eta=00:10:00 |->": dict(step=10, loss=2.345678),
    "Epoch 1 | iter 10 step 5 | loss train: 1.234, val: 1.345 | iter time: 123.45 ms (step)": dict(
        epoch=1, step=5, loss=1.234, eval_loss=1.345
    ),
    "[titan] 2024-01-01 10:00:00 - root - INFO - step: 10  loss:  7.8469  grad_norm:  1.2  memory: 3.1GiB(10%)  tps: 1,234": dict(
        step=10, loss=7.8469, grad_norm=1.2
    ),
    "steps:  50%|█████     | 500/1000 [05:00<05:00,  1.67it/s, avr_loss=0.0812]": dict(step=500, total_steps=1000, loss=0.0812),
    "Steps:  50%|█████     | 250/500 [01:00<01:00,  4.1it/s, lr=0.0001, step_loss=0.0123]": dict(
        step=250, total_steps=500, learning_rate=1e-4, loss=0.0123
    ),
    "2024-01-01 10:00:00,000 epoch 1 - iter 10/100 - loss 0.45 - time (sec): 1.20 - samples/sec: 100.00 - lr: 0.100000": dict(
        epoch=1, step=10, total_steps=100, loss=0.45, learning_rate=0.1
    ),
    "[01/01 10:00:00 d2.utils.events]:  eta: 0:10:00  iter: 19  total_loss: 1.234  loss_cls: 0.5  loss_box_reg: 0.4  lr: 0.00025  max_mem: 1234M": dict(
        step=19, loss=1.234, learning_rate=2.5e-4
    ),
    "Epochs 0/3. Running Loss:    0.4567:  50%|█████     | 50/100 [00:05<00:05, 9.8it/s]": dict(
        epoch=0, total_epochs=3, step=50, total_steps=100, loss=0.4567
    ),
    "0         0.912345    0.523456    0.812345  00:12     ": dict(epoch=0, loss=0.912345, eval_loss=0.523456, accuracy=0.812345),
    "        1/3      2.31G      1.123      2.345      1.234         12        640: 100%|██████████| 8/8 [00:02<00:00,  3.5it/s]": dict(
        epoch=1, total_epochs=3, step=8, total_steps=8
    ),
    "Step... (100/1000 | Loss: 2.345, Learning Rate: 2e-05)": dict(step=100, total_steps=1000, loss=2.345, learning_rate=2e-5),
    "epoch 0: {'accuracy': 0.85, 'f1': 0.9}": dict(epoch=0, accuracy=0.85),
    "   --> STEP: 25/100 -- GLOBAL_STEP: 1025": dict(step=25, total_steps=100),
    "     | > loss: 0.45123  (0.50123)": dict(loss=0.45123),
    # from the wild
    "{'loss': '14.88', 'grad_norm': '2.578', 'learning_rate': '0.000156', 'epoch': '0.00748', 'train_runtime': '110.7'}": dict(
        loss=14.88, grad_norm=2.578, learning_rate=0.000156, epoch=0.00748
    ),
    "[2026-04-01 13:02:26,052][INFO] Train Step 200/200 | Epoch 1 | train_loss: 28.8206 | lr: 0.00005457 | [ GPU Util 52.3% ]": dict(
        step=200, total_steps=200, epoch=1, loss=28.8206, learning_rate=5.457e-5
    ),
    "Ep 1 | iter 4 | step 1: loss train (curr): 1.585, val (prev val iter): None | iter time: 181.34 ms": dict(epoch=1, step=1, loss=1.585),
    "| epoch   1 |   200/ 2928 batches | lr 5.00 | ms/batch 12.34 | loss  8.12 | ppl  3360.12": dict(
        epoch=1, step=200, total_steps=2928, learning_rate=5.0, loss=8.12
    ),
    "| end of epoch   1 | time: 12.34s | valid loss  5.77 | valid ppl   320.12": dict(epoch=1, eval_loss=5.77),
    "Epoch 1: Validation Loss = 0.51": dict(epoch=1, eval_loss=0.51),
    "Loss at step 100: 0.4512": dict(step=100, loss=0.4512),
    "Accuracy of the network on the 10000 test images: 85 %": dict(accuracy=0.85),
    "step=1,000, loss=0.5": dict(step=1000, loss=0.5),
    "Epoch 00010: reducing learning rate of group 0 to 1.0000e-03.": dict(epoch=10, learning_rate=1e-3),
    "Epoch: 100%|██████████| 3/3 [00:01<00:00,  5.0it/s]": dict(epoch=3, total_epochs=3),
    "val:  45%|████▌     | 45/100 [00:05<00:06,  8.5it/s, loss=0.4512]": dict(eval_loss=0.4512),
    "epoch3 loss 0.4": dict(epoch=3, loss=0.4),
    "  Batch    40  of    241.    Elapsed: 0:00:13.": dict(step=40, total_steps=241),
    "|    loss                 | 0.0123      |": dict(loss=0.0123),
    " 33%|███▎      | 2/6 [00:01<00:01,  2.06it/s]\r  0%|          | 0/1 [00:00<?, ?it/s]\x1b[A": dict(step=2, total_steps=6),
    # colours and rewritten lines
    "\x1b[32mINFO\x1b[0m step 5 \x1b[1mloss\x1b[0m=\x1b[36m0.5\x1b[0m": dict(step=5, loss=0.5),
    "step 1 loss 3.0\rstep 2 loss 2.0\rstep 3": dict(step=3, loss=2.0),
    "Epoch 1:   0%|          | 0/10 [00:00<?, ?it/s]\rEpoch 1:  10%|█         | 1/10 [00:00<00:01,  8.0it/s, loss=2.5]": dict(
        epoch=1, step=1, total_steps=10, loss=2.5
    ),
    # odd forms
    "Starting epoch 2": dict(epoch=2),
    "Ep: 3 Loss: .3": dict(epoch=3, loss=0.3),
    "step 1_000 / 2_000": dict(step=1000, total_steps=2000),
    '{"epoch": "2/10", "loss": "0.5", "accuracy": "85%"}': dict(epoch=2, total_epochs=10, loss=0.5, accuracy=0.85),
    "{'loss': Decimal('0.5')}": dict(loss=0.5),
    "{'loss': tensor(0.5), 'lr': np.float64(0.001), 'epoch': 1}": dict(loss=0.5, learning_rate=0.001, epoch=1),
    "损失 loss：0.5": dict(loss=0.5),
    "**Loss**: 0.45": dict(loss=0.45),
    "Accuracy: 85,5%": dict(accuracy=0.855),
    "  epoch                    =        3.0": dict(epoch=3),
    "3/10 steps completed": dict(step=3, total_steps=10),
    "Step 5/0": dict(step=5),
}

NOTHING = [
    "",
    "   ",
    "Loading checkpoint shards:  50%|█████     | 1/2 [00:05<00:05,  5.0s/it]",
    "Loading weights: 100%|██████████| 56/56 [00:00<00:00, 9279.80it/s]",
    "Downloading shards: 100%|██████████| 2/2 [00:30<00:00, 15.0s/it]",
    "Fetching 10 files:  30%|███       | 3/10 [00:01<00:02,  2.5it/s]",
    "model.safetensors: 100%|██████████| 4.98G/4.98G [01:30<00:00, 55.0MB/s]",
    "config.json: 100%|██████████| 663/663 [00:00<00:00, 5.51MB/s]",
    "tokenizer.json:  12%|█▏        | 1.2M/9.1M [00:00<00:01, 5.5MB/s]",
    "100%|██████████| 170M/170M [00:12<00:00, 14.1MB/s]",
    "Map: 100%|██████████| 1000/1000 [00:00<00:00, 5123.10 examples/s]",
    "Map (num_proc=4):  50%|█████     | 500/1000 [00:00<00:00, 5123.10 examples/s]",
    'Unsloth: Tokenizing ["text"] (num_proc=2): 100%|██████████| 1000/1000 [00:01<00:00, 800.0 examples/s]',
    "Tokenizing train dataset: 100%|██████████| 80/80 [00:00<00:00, 1200.0 examples/s]",
    "Adding EOS to train dataset: 100%|██████████| 80/80 [00:00<00:00, 9000.0 examples/s]",
    "Packing train dataset: 100%|██████████| 80/80 [00:00<00:00, 9000.0 examples/s]",
    "Generating train split: 100%|██████████| 100/100 [00:00<00:00, 9000.0 examples/s]",
    "Generating train split: 500 examples [00:00, 9000.0 examples/s]",
    "Filter: 100%|██████████| 80/80 [00:00<00:00, 9000.0 examples/s]",
    "Sanity Checking DataLoader 0: 100%|██████████| 2/2 [00:00<00:00, 10.0it/s]",
    "Validation DataLoader 0:  50%|█████     | 5/10 [00:00<00:00, 20.0it/s]",
    "Evaluating:  50%|█████     | 5/10 [00:00<00:00, 20.0it/s]",
    "   ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 10.5/20.3 MB 5.2 MB/s eta 0:00:02",
    "   ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 10/20 MB 5.2 MB/s eta 0:00:02",
    "11490434/11490434 ━━━━━━━━━━━━━━━━━━━━ 0s 0us/step",
    "[1/5] Loading model and tokenizer...",
    "[2/5] Preparing dataset",
    "Step 1/5: Loading the model",
    "Step 1/9 : FROM python:3.11-slim",
    "Step 2/5 - Installing dependencies",
    "Tokenizing batch 3/10",
    "gloss 4",
    "lossless 5",
    "weightloss 3",
    "weight loss 3",
    "packet loss: 5%",
    "glossary: 12",
    "loss scale: 65536.0",
    "loss_scale=128",
    "Using loss function CrossEntropyLoss",
    "best_val_loss: 0.41",
    "early stopping: no improvement in loss for 3 epochs",
    "Num examples = 500",
    "  Num Epochs = 3",
    "  Instantaneous batch size per device = 4",
    "  Total train batch size (w. parallel, distributed & accumulation) = 16",
    "  Gradient Accumulation steps = 4",
    "  Total optimization steps = 189",
    "   \\\\   /|    Num examples = 1,000 | Num Epochs = 1 | Total steps = 60",
    "***** Running training *****",
    "max_steps is given, it will override any value given in num_train_epochs",
    "trainable params: 1,249,280 || all params: 137,288,064 || trainable%: 0.91",
    "Saving model checkpoint to /out/checkpoint-500",
    "warmup_steps=100",
    "logging_steps: 10",
    "num_epochs: 3",
    "steps per epoch: 100",
    "GPU 0: 45% | 12000/24000 MB",
    "2024-01-01 10:00:00 INFO started on 2024/01/01",
    "Epoch time: 12.3s",
    "max_grad_norm=1.0",
    "Loss",
    "lr_scheduler_type: cosine",
    "already 5 parallel workers",
    "D loss: 0.41",
    "policy_loss: 0.2",
    "Val Step   1/157 | Epoch 1 | Profiling [ GPU Util 30.0% ]",
    "Building labels for train dataset: 100%|██████████| 64/64 [00:00<00:00, 2216.08 examples/s]",
    "Batches: 100%|██████████| 7/7 [00:01<00:00,  5.0it/s]",
    "\r100%|██████████| 1/1 [00:00<00:00, 447.34it/s]\x1b[A",
    "  train_loss               =     0.9012",
    "Validation loss decreased (0.512345 --> 0.501234).  Saving model ...",
    "Epochs: 3",
    "Steps: 1000",
    "blossom: 5",
    "learning_rate_schedule: 3",
    "StepLR(step_size=10, gamma=0.1)",
    "EarlyStopping counter: 3 out of 5",
    "loss: None",
    "box_loss=0.3",
    "epoch -1",
    "Installing 3/10 steps",
    "Downloading 3/10 batches",
]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.strip()[:60])
def test_a_line_says_what_it_says_and_nothing_more(line):
    metrics = TrainingMetricsParser().parse_line(line)
    assert metrics is not None
    wanted = {name: LINES[line].get(name) for name in FIELDS}
    got = {name: getattr(metrics, name) for name in FIELDS}
    assert {name for name in FIELDS if got[name] != wanted[name] and not _close(got[name], wanted[name])} == set(), got
    assert metrics.raw_line == line


@pytest.mark.parametrize("line", NOTHING)
def test_what_is_no_metric_gives_nothing(line):
    assert TrainingMetricsParser().parse_line(line) is None


def _close(a, b):
    return isinstance(a, float) and isinstance(b, int | float) and (a == pytest.approx(b) or (math.isnan(a) and math.isnan(b)))


def test_progress_is_from_steps_else_from_epochs():
    parse: Any = TrainingMetricsParser().parse_line
    assert parse("Epoch 1/4 Step 50/100").progress_percent == 50
    assert parse("Epoch 1/4").progress_percent == 25
    assert parse("Epoch 9/4").progress_percent == 100
    assert parse("Step 5").progress_percent is None
    assert parse("Progress: 45.5%").progress_percent == 45.5


def test_an_epoch_is_whole_where_it_is_whole():
    parse: Any = TrainingMetricsParser().parse_line
    assert repr(parse("Epoch 2/3").epoch) == "2"
    assert repr(parse("{'loss': '1', 'epoch': '2.0'}").epoch) == "2"
    assert repr(parse("epoch: 1.5").epoch) == "1.5"


def test_the_whole_of_several_lines():
    parser: Any = TrainingMetricsParser()
    lines = ["Epoch 1/3, Loss: 3.0, lr: 2e-4", "loss: nan", "Epoch 2/3, Loss: 1.0, accuracy: 50%", "eval_loss: 9.0"]
    whole = parser.aggregate_metrics([parser.parse_line(line) for line in lines])
    assert (whole["current_epoch"], whole["total_epochs"], whole["latest_loss"]) == (2, 3, 1.0)
    assert (whole["min_loss"], whole["avg_loss"], whole["learning_rate"], whole["accuracy"]) == (1.0, 2.0, 2e-4, 0.5)
    assert [str(loss) for loss in whole["loss_history"]] == ["3.0", "nan", "1.0"]
    assert whole["progress_percent"] == pytest.approx(66.667, abs=0.01)
    assert parser.aggregate_metrics([]) == {}


def test_the_history_holds_the_last_ten():
    parser: Any = TrainingMetricsParser()
    whole = parser.aggregate_metrics([parser.parse_line(f"step {step}/20 loss {step}") for step in range(1, 21)])
    assert whole["loss_history"] == [float(step) for step in range(11, 21)]
    assert (whole["progress_percent"], whole["min_loss"], whole["avg_loss"]) == (100.0, 1.0, 10.5)


def test_losses_that_are_no_numbers_alone_give_no_minimum():
    parser: Any = TrainingMetricsParser()
    whole = parser.aggregate_metrics([parser.parse_line("loss: nan")])
    assert math.isnan(whole["latest_loss"])
    assert whole["min_loss"] is whole["avg_loss"] is None


def test_nothing_raises_and_nothing_takes_long():
    parser, numbers = TrainingMetricsParser(), random.Random(1)
    pieces = [*LINES, *NOTHING, "9" * 5000, "1e999", "-", "\r", "\x1b[", "\x1b]", "{", "}", "'", ":", "/", "%|", "\x00", "\u2028", "\ud800"]
    for _ in range(3000):
        line = "".join(piece[: numbers.randrange(60)] for piece in numbers.choices(pieces, k=numbers.randrange(1, 8)))
        parser.parse_line(line)
    for piece in ("loss ", " ", "9", "━", "acc", "1/", "{", "'a': ", "epoch ", "\x1b[1m", "(", "1,"):
        parser.parse_line("loss" + piece * 20_000 + "loss")
    odds: Any = (None, 3, b"loss: 1")
    for odd in odds:
        assert parser.parse_line(odd) is None


def test_the_quick_way_through_a_usual_line_reads_what_the_long_way_reads(monkeypatch):
    draw = random.Random(2)
    names = [
        "Epoch",
        "epoch",
        "Step",
        "Loss",
        "loss",
        "train_loss",
        "val_loss",
        "eval_loss",
        "lr",
        "learning_rate",
        "Accuracy",
        "grad_norm",
    ]
    numbers = ["1", "0", "12/30", "3/3", "0.45", "1.2e-05", "2e-4", "85", "1.0", "0.0", "7/0", "1234567", "5.", "85%", "nan"]
    lines = []
    for _ in range(4000):
        pairs = (draw.choice(names) + draw.choice([": ", ":", "=", " "]) + draw.choice(numbers) for _ in range(draw.randrange(1, 6)))
        lines.append(draw.choice([", ", " ", "; ", " | ", " - ", ",", "  "]).join(pairs))
    parser = TrainingMetricsParser()
    quick = [str(parser.parse_line(line)) for line in lines]
    assert sum(metrics._usual(line.lower()) is not None for line in lines) > 300
    monkeypatch.setattr(metrics, "_usual", lambda low: None)
    for line, found in zip(lines, quick, strict=True):
        assert found == str(parser.parse_line(line)), line
