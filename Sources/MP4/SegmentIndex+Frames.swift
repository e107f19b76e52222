extension SegmentIndex {
    /// The places of the frames that are needed to show a moment, in decode order; the last one is shown then.
    ///
    /// - Parameter ticks: The moment, in 1/90000 s after the first frame of the segment.
    /// - Returns: The places, from a key frame on; none where the segment has no frame.
    public func frames(shownAt ticks: Int64) -> [Range<Int64>] {
        guard let base = firstPresentation else { return [] }
        var places: [Range<Int64>] = []
        var (key, shown, best) = (0, 0, Int64.min)
        var keyOfShown = 0
        for video in fragments.lazy.compactMap(\.video) {
            var (time, place) = (video.start, video.place)
            for sample in video.samples {
                if sample.isSync { key = places.count }
                let presentation = time + sample.compositionOffset
                if presentation <= base + ticks, presentation > best {
                    (shown, best, keyOfShown) = (places.count, presentation, key)
                }
                places.append(place..<place + Int64(sample.bytes))
                time += sample.duration
                place += Int64(sample.bytes)
            }
        }
        return places.isEmpty ? [] : Array(places[keyOfShown...shown])
    }
}
