import CSystem
import Glibc

/// The processors of the machine.
public enum Processors {
    /// The number of processors that this process may use; at least 1.
    public static var count: Int {
        let usable = Int(observer_processors())
        // More than the mask has bits for are not told.
        return max(1, usable > 0 ? usable : sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }
}
