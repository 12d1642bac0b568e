"""Run a submission's cells as far as they go, and never longer than they may."""

from tempfile import TemporaryDirectory

import nbformat
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute

from grading.canary import is_test
from grading.handed_in import TOO_LARGE, Share
from grading.settings import Bounds

SKIPPED, AS_HANDED_IN = "(Not run for grading.)\n", "(Not run for grading; as it was handed in:)\n"
TOO_MUCH = {"text": "\n(More was printed than is kept.)\n", "picture": TOO_LARGE}


class ExecuteGuarded(Execute):
    """nbgrader's Execute, but the end of the kernel is a result like any other.

    A cell that was executed to its end has metadata grading.done. resources["grading"]["ended"]
    says why the run ended early, or is "".
    """

    def preprocess(self, notebook: NotebookNode, resources: dict,
                   km: AsyncKernelManager | None = None) -> tuple[NotebookNode, dict]:
        """Execute the notebook in a kernel of its own."""
        resources.setdefault("grading", {})["ended"] = ""
        self.shares: dict[int, Share] = {}
        self.told: set[tuple[int, str]] = set()
        self.shutdown_kernel = "immediate"
        # The name of a socket file may have about 100 characters, so not in the course folder.
        with TemporaryDirectory(prefix="k") as self.folder:
            try:
                return super().preprocess(notebook, resources, km)
            except CellTimeoutError:
                resources["grading"]["ended"] = "did not stop when its time was over"
            except DeadKernelError:
                resources["grading"]["ended"] = "the kernel ended"
        return notebook, resources

    def create_kernel_manager(self) -> AsyncKernelManager:
        """A manager whose socket files lie where the sandboxed kernel can reach them."""
        self.km = AsyncKernelManager(
            kernel_name="graded", config=self.config, transport="ipc",
            connection_file=f"{self.folder}/kernel.json", ip=f"{self.folder}/s")
        return self.km

    def start_new_kernel(self, **kwargs: object) -> None:
        """What a kernel prints past its notebook goes to a file, whose size the sandbox limits."""
        with open(f"{self.folder}/kernel.log", "w") as log:
            super().start_new_kernel(stdout=log, stderr=log, **kwargs)

    def start_new_kernel_client(self) -> AsyncKernelClient:
        """Connect to the kernel; if it did not start, its last words are in the error.

        Raises:
            RuntimeError: for a fault of ours, as no student code has run yet.
        """
        try:
            return super().start_new_kernel_client()
        except RuntimeError as error:
            with open(f"{self.folder}/kernel.log") as log:
                raise RuntimeError(f"{error}\n{log.read()[-2000:]}") from error

    def preprocess_cell(self, cell: NotebookNode, resources: dict,
                        index: int) -> tuple[NotebookNode, dict]:
        """Execute one cell, unless staging has found that nothing depends on it."""
        if cell.metadata.get("grading", {}).get("skip"):
            shown = cell.metadata["grading"].pop("shown", [])
            told = AS_HANDED_IN if shown else SKIPPED
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=told), *shown]
            return cell, resources
        cell, resources = super().preprocess_cell(cell, resources, index)
        cell.metadata.setdefault("grading", {})["done"] = True
        return cell, resources

    def process_message(self, msg: dict, cell: NotebookNode,
                        cell_index: int) -> NotebookNode | None:
        """Keep an output unless its cell has had its share already."""
        kind = msg["msg_type"]
        # Widgets are not shown; one of them could take a test's result or error out of its cell.
        if kind.startswith("comm") or (kind == "clear_output" and is_test(cell)):
            return None
        if kind not in ("stream", "display_data", "execute_result"):
            return super().process_message(msg, cell, cell_index)
        refusal = self.shares.setdefault(cell_index, Share()).refusal(
            msg["content"], Bounds(), is_result=kind == "execute_result")
        if not refusal:
            return super().process_message(msg, cell, cell_index)
        if (cell_index, refusal) not in self.told:
            self.told.add((cell_index, refusal))
            cell.outputs.append(
                nbformat.v4.new_output("stream", name="stdout", text=TOO_MUCH[refusal]))
        return None
